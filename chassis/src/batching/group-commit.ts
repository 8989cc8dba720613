import { classify, NotConnected } from '../postgres/errors.js';

export interface GroupCommit<Item, Answer> {
  /** Resolves when the item's transaction has committed. Rejects when it has not, or when the outcome is unknown. */
  submit(item: Item): Promise<Answer>;
}

export interface GroupCommitOptions<Item, Answer> {
  readonly maxGroupSize: number;
  /** Further items are rejected with `Overloaded`: their answers would come after the clients have given up. */
  readonly maxWaiting: number;
  /** Commits all items in one transaction and returns their answers in the same order. */
  commit(items: readonly Item[]): Promise<readonly Answer[]>;
  readonly onGroup?: (size: number) => void;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Too many items are waiting, so this one was rejected and nothing of it was stored. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

const MAX_CONTENTION_RETRIES = 5;

/** After this many answers in one turn, the event loop may read from the database again. */
const ANSWERED_PER_TURN = 32;

/**
 * Items that arrive while a transaction is in flight wait for the next one and share it. There is no timer: a lone item
 * is committed at once, and groups grow with the load. When the database refuses a group, its items are repeated one by
 * one, so that an error fails only the item that caused it.
 */
export function createGroupCommit<Item, Answer>(options: GroupCommitOptions<Item, Answer>): GroupCommit<Item, Answer> {
  const queue: Waiting<Item, Answer>[] = [];
  let isDraining = false;

  const commitGroup = async (group: readonly Waiting<Item, Answer>[], attempt = 0): Promise<void> => {
    options.onGroup?.(group.length);
    try {
      const answers = await options.commit(group.map(({ item }) => item));
      answer(group, answers);
    } catch (error) {
      const failure = classify(error);
      if (failure === 'contention' && attempt < MAX_CONTENTION_RETRIES) return commitGroup(group, attempt + 1);
      if (failure !== 'unavailable' && failure !== 'contention' && group.length > 1) {
        for (const waiting of group) await commitGroup([waiting]);
        return;
      }
      for (const waiting of group) waiting.reject(error);
      // The waiting items are rejected, too: each of their groups would need a connection and wait for it in turn.
      if (error instanceof NotConnected) for (const waiting of queue.splice(0)) waiting.reject(error);
    }
  };

  const drain = async () => {
    isDraining = true;
    while (queue.length > 0) await commitGroup(queue.splice(0, options.maxGroupSize));
    isDraining = false;
  };

  return {
    submit: (item) => {
      if (queue.length >= options.maxWaiting) return Promise.reject(new Overloaded());
      return new Promise((resolve, reject) => {
        queue.push({ item, resolve, reject });
        if (!isDraining) void drain();
      });
    },
  };
}

/**
 * Answers in the next turn of the event loop, after the next group's statements are sent: the database then works while
 * the answers are written.
 */
function answer<Item, Answer>(group: readonly Waiting<Item, Answer>[], answers: readonly Answer[]): void {
  let next = 0;
  const answerSome = () => {
    const end = Math.min(next + ANSWERED_PER_TURN, group.length);
    for (; next < end; next += 1) group[next]?.resolve(answers[next] as Answer);
    if (next < group.length) setImmediate(answerSome);
  };
  setImmediate(answerSome);
}
