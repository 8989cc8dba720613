import type { BranchBoards } from '../../src/queries/branch-boards.js';
import type { TopSellers } from '../../src/queries/top-sellers.js';
import { showBranches } from './branches.js';
import { showCards } from './cards.js';
import { showDays, showHours } from './charts.js';
import { element, setText } from './element.js';
import * as format from './format.js';
import { keepLive } from './live.js';
import { showFreshness, showLost, showTimeZone } from './strip.js';
import { showTops } from './tops.js';

let timeZone = 'UTC';
let best: TopSellers | undefined;
let boards: BranchBoards | undefined;
/** An empty shop says so instead of showing empty charts. */
const sold = { today: 0, days: 0, top: 0 };

keepLive(
  '/api/analytics/stream',
  {
    freshness: showFreshness,
    today: (sales) => {
      if (timeZone !== sales.timeZone) {
        timeZone = sales.timeZone;
        if (best !== undefined) showTops(best, timeZone);
        if (boards !== undefined) showBranches(boards, timeZone);
      }
      showTimeZone(timeZone);
      setText(element('#date'), format.longDate(sales.asOf, timeZone));
      showCards(sales);
      showHours(sales);
      sold.today = sales.today.orders;
      showWhetherEmpty();
    },
    days: (sales) => {
      showDays(sales);
      sold.days = sales.days.reduce((orders, day) => orders + day.orders, 0);
      showWhetherEmpty();
    },
    top: (top) => {
      best = top;
      showTops(top, timeZone);
      sold.top = top.customers.length;
      showWhetherEmpty();
    },
    branches: (news) => {
      boards = news;
      showBranches(news, timeZone);
    },
  },
  showLost,
);

function showWhetherEmpty(): void {
  const empty = sold.today + sold.days + sold.top === 0;
  element('#empty').hidden = !empty;
  for (const selector of ['.charts', '.tops']) element(selector).hidden = empty;
  element('#numbers').setAttribute('aria-busy', 'false');
}
