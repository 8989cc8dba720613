import type { Socket } from 'node:net';

/**
 * Sends everything that is written to the socket during one turn of the event loop with one system call. The
 * drivers of PostgreSQL and RabbitMQ call `write` for each statement or frame, and those system calls would take most
 * of their processor time.
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
