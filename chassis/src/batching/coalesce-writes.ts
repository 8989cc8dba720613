import type { Socket } from 'node:net';

/**
 * Sends everything that is written to the socket during one turn of the event loop with one system call. Both drivers
 * call `write` for each frame or statement, and most of their processor time would go into those calls.
 */
export function coalesceWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...parts: unknown[]) => boolean;
  let isCorked = false;
  socket.write = (...parts: unknown[]) => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      process.nextTick(() => {
        isCorked = false;
        socket.uncork();
      });
    }
    return write(...parts);
  };
}
