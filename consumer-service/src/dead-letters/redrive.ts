import { pagesOf } from './chosen-letters.js';
import type { Letter } from './letter.js';
import { redriven } from './letter.js';
import type { LetterBox } from './letter-box.js';

/**
 * Returns letters to the queues that they came from. A letter leaves its dead-letter queue only when the broker has stored
 * the returned one: whatever dies in between leaves it in both, and the inbox counts it once.
 */
export async function redrive(
  box: LetterBox,
  letters: AsyncIterable<Letter>,
  onRedriven: (letter: Letter) => void,
): Promise<number> {
  let redrivenCount = 0;
  const send = async (batch: readonly Letter[]) => {
    const outcomes = await Promise.all(batch.map((letter) => box.publisher.publish(redriven(letter))));
    for (const [index, letter] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome !== 'confirmed') {
        throw new Error(
          `the broker answered the redrive of ${letter.id} to ${letter.queue} with "${outcome}"; it stays`,
        );
      }
      box.remove(letter);
      onRedriven(letter);
      redrivenCount += 1;
    }
  };
  for await (const page of pagesOf(letters)) await send(page);
  return redrivenCount;
}
