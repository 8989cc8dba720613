import type { BranchBoards } from '../../src/queries/branch-boards.js';
import { type BarChart, barChart } from './bar-chart.js';
import { element, make, setText } from './element.js';
import * as format from './format.js';
import { fillTable } from './table.js';

type Board = BranchBoards[number];

let boards: BranchBoards = [];
let chosen: string | undefined;
let chart: BarChart | undefined;

const dayForm = { weekday: 'short', day: 'numeric', month: 'short' } as const;

/** Shows the section if a till has recorded something, and returns whether one has. A shop without tills has no section. */
export function showBranches(news: BranchBoards): boolean {
  boards = news;
  const open = boards.some((board) => board.loyalCustomers.length > 0);
  const section = element('#branches');
  if (!open) return false;
  section.hidden = false;
  chosen ??= boards[0]?.branchId;
  const choices = element('.choices', section);
  if (choices.childElementCount !== boards.length) choices.replaceChildren(...boards.map(choice));
  for (const board of boards) showChoice(board);
  showBoard();
  return true;
}

function choice({ branchId, name }: Board): HTMLElement {
  const label = document.createElement('label');
  const input = document.createElement('input');
  input.type = 'radio';
  input.name = 'branch';
  input.value = branchId;
  input.checked = branchId === chosen;
  const shown = document.createElement('span');
  shown.id = `branch-${branchId}`;
  shown.append(make('i', name), make('b'), make('em'), make('em'));
  label.append(input, shown);
  return label;
}

/** Shows today so far, and separately a comparison of the last whole day: an incomplete day cannot be compared. */
function showChoice({
  branchId,
  day,
  revenue,
  purchases,
  uniqueCustomers,
  dayBefore,
  dayBeforeWeekBefore,
}: Board): void {
  const shown = element(`#branch-${CSS.escape(branchId)}`);
  const value = element('b', shown);
  const text = format.headline(revenue);
  setText(value, text);
  value.style.setProperty('--characters', String(text.length));
  const [soFar, before] = shown.querySelectorAll('em');
  const counts = `${format.count(purchases)} purchases, ${format.count(uniqueCustomers)} customers`;
  if (soFar) setText(soFar, `${format.day(day, dayForm)}, so far: ${counts}`);
  const weekBefore = `${format.headline(dayBeforeWeekBefore.revenue)} a week before`;
  if (before)
    setText(before, `${format.day(dayBefore.day, dayForm)}: ${format.headline(dayBefore.revenue)}, ${weekBefore}`);
}

function showBoard(): void {
  const board = boards.find(({ branchId }) => branchId === chosen);
  if (board === undefined) return;
  const period = element<HTMLInputElement>('[name=period]:checked').value;
  const best = (period === 'week' ? board.bestOfWeek : board.bestOfDay).byRevenue;
  const most = Math.max(0.01, ...best.map(({ revenue }) => revenue));
  for (const zone of document.querySelectorAll('.branch-zone')) setText(zone, `· ${format.zoneName(board.timeZone)}`);
  fillTable(
    element<HTMLTableElement>('#branch-best'),
    ['Product', 'Sold', 'Revenue'],
    best.map(({ productId, name, units, revenue }) => ({
      key: productId,
      head: name ?? `Product ${productId}`,
      cells: [format.count(units), format.money(revenue)],
      share: revenue / most,
    })),
    `Best sellers of ${board.name}`,
  );
  fillTable(
    element<HTMLTableElement>('#branch-loyal'),
    ['Customer', 'Visits', 'Last visit', 'Spent'],
    board.loyalCustomers.map(({ userId, purchases, totalSpent, lastPurchaseAt }) => ({
      key: userId,
      // The page shows the end of the id, because ids that begin with their time (UUIDv7) begin alike.
      head: `…${userId.slice(-8)}`,
      cells: [format.count(purchases), format.dateTime(lastPurchaseAt, board.timeZone), format.money(totalSpent)],
    })),
    `Loyal customers of ${board.name}`,
  );
  showCustomers(board);
}

function showCustomers({ name, day: today, uniqueCustomersByDay: days }: Board): void {
  chart ??= barChart(element('#branch-unique'), [
    { label: 'Customers', fill: '--past', edge: '--past-edge', markedFill: '--accent', width: 0.7, show: format.count },
  ]);
  chart.show(
    days.map(({ day }) => format.day(day, { day: 'numeric', month: 'short' })),
    [days.map(({ uniqueCustomers }) => uniqueCustomers)],
    days.findIndex(({ day }) => day === today),
  );
  fillTable(
    element<HTMLTableElement>('#branch-unique table'),
    ['Day', 'Customers'],
    days
      .map(({ day, uniqueCustomers }) => ({
        key: day,
        head: format.day(day, dayForm) + (day === today ? ', so far' : ''),
        cells: [format.count(uniqueCustomers)],
      }))
      .reverse(),
    `Customers of ${name} by day`,
  );
}

element('#branches').addEventListener('change', ({ target }) => {
  if (target instanceof HTMLInputElement && target.name === 'branch') chosen = target.value;
  showBoard();
});
