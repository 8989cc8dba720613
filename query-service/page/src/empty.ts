import { element, setText } from './element.js';

/** The orders of today and of the last days, the number of top customers, and whether a till has recorded something. */
interface Sold {
  readonly today: number;
  readonly days: number;
  readonly top: number;
  readonly tills: boolean;
}

let known: Partial<Sold> = {};

/** Shows a message instead of empty charts if the shop has no orders, once all parts that could show some have arrived. */
export function showWhetherEmpty(news: Partial<Sold>): void {
  known = { ...known, ...news };
  const { today, days, top, tills } = known;
  if (today === undefined || days === undefined || top === undefined) return;
  element('#numbers').setAttribute('aria-busy', 'false');
  if (tills === undefined) return;
  const isEmpty = today + days + top === 0;
  element('#empty').hidden = !isEmpty;
  setText(element('#empty h2'), tills ? 'No online orders yet' : 'No orders yet');
  setText(
    element('#empty-words'),
    tills
      ? 'What the tills have taken is below. The first online order appears here by itself, within a second or two.'
      : 'The first one appears here by itself, within a second or two.',
  );
  for (const selector of ['.charts', '.tops']) element(selector).hidden = isEmpty;
}
