/**
 * One message of a protocol. Traps find it by its label: the direction (`>` to the server, `<` to the client) and, for
 * messages that a fault can wait for, a name.
 */
export interface Frame {
  readonly bytes: Buffer;
  readonly label: string;
}

/** Cuts a stream of bytes into messages, which need not match its chunks. */
export type FrameReader = (chunk: Buffer) => Frame[];

export type Protocol = (direction: '>' | '<') => FrameReader;

/** `sizeOf` returns the size of the first message, or undefined while its header is incomplete. */
export function frameReader(
  sizeOf: (data: Buffer) => number | undefined,
  labelOf: (frame: Buffer) => string,
): FrameReader {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const frames: Frame[] = [];
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let size = sizeOf(rest); size !== undefined && size <= rest.length; size = sizeOf(rest)) {
      const bytes = rest.subarray(0, size);
      frames.push({ bytes, label: labelOf(bytes) });
      rest = rest.subarray(size);
    }
    return frames;
  };
}
