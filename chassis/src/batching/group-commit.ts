import { classify, NotConnected } from '../postgres/errors.js';

export interface GroupCommit<Item, Answer> {
  /** Resolves when the item's transaction has committed, rejects when it has not (or when nobody can know). */
  submit(item: Item): Promise<Answer>;
}

export interface GroupCommitOptions<Item, Answer> {
  readonly maxGroupSize: number;
  /** More than this many waiting are refused with 503: an answer that comes after the client has left is wasted. */
  readonly maxWaiting: number;
  /** One transaction for all items; answers in the order of the items. */
  commit(items: readonly Item[]): Promise<readonly Answer[]>;
  readonly onGroup?: (size: number) => void;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** An item that was refused because too many are waiting. Nothing of it was stored. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

const MAX_CONTENTION_RETRIES = 5;

/** Beyond that the database's next word is read in between. */
const ANSWERED_PER_TURN = 32;

/**
 * Items that arrive while a transaction is in flight wait for the next one and share it. There is no timer: a lone item
 * goes at once, and the busier it gets, the larger the groups. A group that the database refuses is repeated one by one,
 * so that one item's error fails that item alone.
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
      // Those behind would wait for a connection as long, group after group: 5,000 of them for 100 s.
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
