/** Shows the progress of long work on stderr: a bar on a terminal, otherwise a line every 10 s. */
export interface Progress {
  /** Begins the next part of the work, which has `total` steps. */
  part(name: string, total: number): void;
  advance(steps: number): void;
  end(): void;
}

const BAR_WIDTH = 24;
const BAR_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 10_000;

/** Shows nothing if `answers` is a terminal, where the printed result of the command already shows the progress. */
export function showProgressBeside(answers: NodeJS.WriteStream): Progress {
  if (answers.isTTY !== true) return showProgress();
  const nothing = () => undefined;
  return { part: nothing, advance: nothing, end: nothing };
}

export function showProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const onTerminal = stream.isTTY === true;
  const intervalMs = onTerminal ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
  let name = '';
  let total = 0;
  let done = 0;
  let shownAt = Date.now();

  const show = () => {
    shownAt = Date.now();
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    if (!onTerminal) return void stream.write(`${name} ${percent.trim()}\n`);
    const filled = Math.round(share * BAR_WIDTH);
    stream.write(`\r\x1b[K${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}${percent}  ${name}`);
  };
  return {
    part: (nextName, nextTotal) => {
      name = nextName;
      total = nextTotal;
      done = 0;
      if (onTerminal) show();
    },
    advance: (steps) => {
      done += steps;
      if (Date.now() - shownAt >= intervalMs) show();
    },
    end: () => {
      if (onTerminal) stream.write('\r\x1b[K');
    },
  };
}
