import { frameReader, type Protocol } from './frames.js';

/**
 * A message of PostgreSQL has a type byte, a length that includes itself, and a body. The client's first message lacks the type.
 * Labels: `> Query COMMIT`, `> Bind mark-published` (the statement's name), `< Complete COMMIT`.
 * https://www.postgresql.org/docs/17/protocol-message-formats.html
 */
export const postgresProtocol: Protocol = (direction) => {
  let headerSize = direction === '>' ? 0 : 1;
  const sizeOf = (data: Buffer) =>
    data.length < headerSize + 4 ? undefined : headerSize + data.readUInt32BE(headerSize);
  const labelOf = (frame: Buffer) => {
    const isStartup = headerSize === 0;
    headerSize = 1;
    return isStartup ? '> Startup' : `${direction} ${nameOf(direction, frame)}`;
  };
  return frameReader(sizeOf, labelOf);
};

const BODY_AT = 5;

function nameOf(direction: '>' | '<', frame: Buffer): string {
  const type = String.fromCharCode(frame.readUInt8(0));
  if (direction === '<') return type === 'C' ? `Complete ${textAt(frame, BODY_AT)}` : '';
  if (type === 'Q') return `Query ${textAt(frame, BODY_AT)}`;
  if (type !== 'B') return '';
  const portal = textAt(frame, BODY_AT);
  return `Bind ${textAt(frame, BODY_AT + Buffer.byteLength(portal) + 1)}`;
}

function textAt(frame: Buffer, start: number): string {
  const end = frame.indexOf(0, start);
  return frame.toString('utf8', start, end === -1 ? frame.length : end);
}
