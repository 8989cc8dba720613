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

/** Every part is as old as when it was heard last. */
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

// WCAG 2.2.2: what moves by itself can be made to stand still.
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

// Time in which the page was not looked at makes nothing old.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && pause.getAttribute('aria-pressed') !== 'true') watchAges(showStrip);
});
