/**
 * One message of a protocol. Its label tells the traps what it is: the direction (`>` to the server, `<` to the client)
 * and the few names that a fault can wait for; all others have only the direction.
 */
export interface Frame {
  readonly bytes: Buffer;
  readonly label: string;
}

/** Cuts a stream of bytes into messages, whatever the chunks they come in. */
export type FrameReader = (chunk: Buffer) => Frame[];

export type Protocol = (direction: '>' | '<') => FrameReader;

/** `sizeOf` says how long the message at the start is, or undefined while too little of it has come. */
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
