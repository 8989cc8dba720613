import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The programs in `load/`. Each runs as its own process, gets an input and sends an answer. */
export type LoadProgram =
  | 'http-load'
  | 'sql-orders'
  | 'sql-purchases'
  | 'bare-publishing'
  | 'plain-consumer'
  | 'folded-sql'
  | 'constant-route'
  | 'each-step-alone'
  | 'freshness-load'
  | 'steady-orders';

/** Runs a load program until it ends and returns the last message that it sent. */
export async function runLoad<Answer>(program: LoadProgram, input: object): Promise<Answer> {
  const child = spawnLoad(program, input);
  let answer: Answer | undefined;
  child.on('message', (message) => {
    answer = message as Answer;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0 || answer === undefined) throw new Error(`${program} ended with exit code ${code} and no answer`);
  return answer;
}

export interface RunningLoad<Answer> {
  readonly answer: Answer;
  /** Asks the program to end, and returns its last message. */
  finish<Result>(): Promise<Result>;
  stop(): Promise<void>;
}

/** Starts a load program that keeps running, such as a server, and waits for its first message. */
export async function startLoad<Answer>(program: LoadProgram, input: object): Promise<RunningLoad<Answer>> {
  const child = spawnLoad(program, input);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const first = await new Promise<Answer>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Answer));
    void closed.then(() => reject(new Error(`${program} ended without an answer`)));
  });
  return {
    answer: first,
    finish: async <Result>() => {
      const last = new Promise<Result>((resolve) => child.once('message', (message) => resolve(message as Result)));
      child.send('finish');
      const result = await Promise.race([last, closed]);
      if (result === undefined) throw new Error(`${program} ended without its result`);
      await closed;
      return result as Result;
    },
    stop: () => {
      child.kill();
      return closed;
    },
  };
}

function spawnLoad(program: LoadProgram, input: object) {
  const path = fileURLToPath(new URL(`./load/${program}.js`, import.meta.url));
  return fork(path, [JSON.stringify(input)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** Reads the input, in a load program. */
export function readInput<Input>(): Input {
  return JSON.parse(process.argv[2] ?? '{}') as Input;
}

/** Reports that the load program runs, and resolves when it is asked to end. */
export function runUntilFinished(): Promise<void> {
  const asked = new Promise<void>((resolve) => process.once('message', () => resolve()));
  process.send?.({});
  return asked;
}

/** Sends the answer and ends the load program. */
export function answer(result: object): void {
  process.send?.(result, () => process.exit(0));
}
