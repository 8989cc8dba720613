import type { Letter } from './letter.js';
import { redriven } from './letter.js';
import type { LetterBox } from './letter-box.js';

/**
 * Returns letters to the queues that they came from. A letter leaves its dead-letter queue only when the broker has stored
 * the returned one: whatever dies in between leaves it in both, and the inbox counts it once.
 */
export async function redrive(
  box: LetterBox,
  letters: readonly Letter[],
  onRedriven: (letter: Letter) => void,
): Promise<void> {
  const outcomes = await Promise.all(letters.map((letter) => box.publisher.publish(redriven(letter))));
  const refusedAt = outcomes.findIndex((outcome) => outcome !== 'confirmed');
  const stored = refusedAt === -1 ? letters : letters.slice(0, refusedAt);
  await box.remove(stored);
  for (const letter of stored) onRedriven(letter);
  const refused = letters[refusedAt];
  if (refused === undefined) return;
  const outcome = outcomes[refusedAt];
  throw new Error(`the broker answered the redrive of ${refused.id} to ${refused.queue} with "${outcome}"; it stays`);
}
