import type { Socket } from 'node:net';
import pg from 'pg';

/** Opens a connection like those of our services: it is pipelined and writes to the socket once per turn. */
export async function connectSql(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, pipeline: true });
  await client.connect();
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  const write = stream.write.bind(stream) as (...parts: unknown[]) => boolean;
  let isCorked = false;
  stream.write = (...parts: unknown[]) => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(() => {
        isCorked = false;
        stream.uncork();
      });
    }
    return write(...parts);
  };
  return client;
}
