import type { PartName, Parts } from '../../src/live/parts.js';
import { heard, stopWatching, watchAges } from './ages.js';
import { showBranches } from './branches.js';
import { showCards } from './cards.js';
import { showDays, showHours } from './charts.js';
import { element, setText } from './element.js';
import { showWhetherEmpty } from './empty.js';
import * as format from './format.js';
import { type Handlers, keepLive } from './live.js';
import { showBlocked, showFreshness, showLost, showPaused, showResumed, showStrip } from './strip.js';
import { showTops } from './tops.js';

const handlers: Handlers = {
  freshness: showFreshness,
  today: (sales) => {
    setText(element('#date'), `${format.longDate(sales.asOf)}, ${format.zoneName()}`);
    showCards(sales);
    showHours(sales);
    showWhetherEmpty({ today: sales.today.orders });
  },
  days: (sales) => {
    showDays(sales);
    showWhetherEmpty({ days: sales.days.reduce((orders, day) => orders + day.orders, 0) });
  },
  top: (top) => {
    showTops(top);
    showWhetherEmpty({ top: top.customers.length });
  },
  branches: (boards) => showWhetherEmpty({ tills: showBranches(boards) }),
};

/** Notes the time of each message of a part, before its handler runs. */
function timed<P extends PartName>(part: P): (data: Parts[P]) => void {
  return (data) => {
    heard(part);
    handlers[part](data);
  };
}

watchAges(showStrip);
const live = keepLive(
  '/page/numbers',
  {
    freshness: timed('freshness'),
    today: timed('today'),
    days: timed('days'),
    top: timed('top'),
    branches: timed('branches'),
  },
  { onLost: showLost, onBlocked: showBlocked },
);

// WCAG 2.2.2: readers must be able to pause content that updates by itself.
const pause = element<HTMLButtonElement>('#pause');
pause.addEventListener('click', () => {
  const isPaused = pause.getAttribute('aria-pressed') !== 'true';
  pause.setAttribute('aria-pressed', String(isPaused));
  if (isPaused) {
    live.pause();
    stopWatching();
    showPaused();
  } else {
    watchAges(showStrip);
    showResumed();
    live.resume();
  }
});

// The time during which the page was hidden does not count as age.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && pause.getAttribute('aria-pressed') !== 'true') watchAges(showStrip);
});
