/** Shows progress on stderr, so that stdout has only the table. A terminal gets one line that changes. */
export function createProgress(): { show(line: string): void; end(): void } {
  const startedAt = Date.now();
  const terminal = process.stderr.isTTY === true;
  return {
    show: (line) => {
      const seconds = Math.round((Date.now() - startedAt) / 1000);
      const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
      process.stderr.write(terminal ? `\r\u001b[2K${clock}  ${line}` : `${clock}  ${line}\n`);
    },
    end: () => {
      if (terminal) process.stderr.write('\r\u001b[2K');
    },
  };
}
