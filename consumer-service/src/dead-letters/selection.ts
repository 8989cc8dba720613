import type { Pool } from '@tallyline/chassis/postgres/pool';
import type { DeadLetterMessage } from './dead-letter-message.js';
import type { DeadLetterQueues } from './dead-letter-queues.js';

/** The dead letters that a command works on. */
export interface Selection {
  readonly pool: Pool;
  readonly deadLetterQueues: DeadLetterQueues;
  readonly queues: readonly string[];
  /** Undefined selects all dead letters of the queues. */
  readonly ids: ReadonlySet<string> | undefined;
}

/** Throws when ids were given and none of them was found. */
export function requireFound({ ids }: Selection, count: number): void {
  if (ids !== undefined && count === 0)
    throw new Error(`there is no dead letter ${[...ids].join(', ')}; the command list shows all`);
}

/** Yields the selected messages of each queue, in pages. */
export async function* selectedPages({
  deadLetterQueues,
  queues,
  ids,
}: Selection): AsyncGenerator<DeadLetterMessage[]> {
  for (const queue of queues) {
    for await (const page of deadLetterQueues.pages(queue)) {
      const selected = ids === undefined ? page : page.filter(({ id }) => ids.has(id));
      if (selected.length > 0) yield selected;
    }
  }
}
