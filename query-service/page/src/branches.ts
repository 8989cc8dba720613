import type { BranchBoards } from '../../src/queries/branch-boards.js';
import { type BarChart, barChart } from './bar-chart.js';
import { element, make, setText } from './element.js';
import * as format from './format.js';
import { fillTable } from './table.js';

type Board = BranchBoards[number];

let boards: BranchBoards = [];
let chosen: string | undefined;
let zone = 'UTC';
let chart: BarChart | undefined;

/** Shown once a till has recorded something: a shop without tills has no empty section. */
export function showBranches(news: BranchBoards, timeZone: string): void {
  boards = news;
  zone = timeZone;
  const open = boards.some((board) => board.loyalCustomers.length > 0);
  const section = element('#branches');
  if (!open) return;
  section.hidden = false;
  chosen ??= boards[0]?.branchId;
  const choices = element('.choices', section);
  if (choices.childElementCount !== boards.length) choices.replaceChildren(...boards.map(choice));
  for (const board of boards) showChoice(board);
  showBoard();
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
  shown.append(make('i', name), make('b'), make('em'));
  label.append(input, shown);
  return label;
}

function showChoice({ branchId, revenue, purchases, uniqueCustomers, weekBefore }: Board): void {
  const shown = element(`#branch-${CSS.escape(branchId)}`);
  setText(element('b', shown), format.headline(revenue));
  const before = weekBefore.revenue > 0 ? ` · a week ago ${format.headline(weekBefore.revenue)} in all` : '';
  const words = `${format.count(purchases)} purchases, ${format.count(uniqueCustomers)} customers today${before}`;
  setText(element('em', shown), words);
}

function showBoard(): void {
  const board = boards.find(({ branchId }) => branchId === chosen);
  if (board === undefined) return;
  const period = element<HTMLInputElement>('[name=period]:checked').value;
  const best = (period === 'week' ? board.bestOfWeek : board.bestOfDay).byRevenue;
  const most = Math.max(0.01, ...best.map(({ revenue }) => revenue));
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
    ['Customer', 'Visits', 'Last', 'Spent'],
    board.loyalCustomers.map(({ userId, purchases, totalSpent, lastPurchaseAt }) => ({
      key: userId,
      head: userId.slice(0, 8),
      cells: [format.count(purchases), format.dateTime(lastPurchaseAt, zone), format.money(totalSpent)],
    })),
    `Loyal customers of ${board.name}`,
  );
  const days = board.uniqueCustomersByDay;
  chart ??= barChart(element('#branch-unique'), [
    { label: 'Customers', color: '--past', lastColor: '--accent', width: 0.7, show: format.count },
  ]);
  chart.show(
    days.map(({ day }) => format.day(day, { day: 'numeric', month: 'short' })),
    [days.map(({ uniqueCustomers }) => uniqueCustomers)],
  );
  fillTable(
    element<HTMLTableElement>('#branch-unique table'),
    ['Day', 'Customers'],
    days
      .map(({ day, uniqueCustomers }) => ({
        key: day,
        head: format.day(day, { weekday: 'short', day: 'numeric', month: 'short' }),
        cells: [format.count(uniqueCustomers)],
      }))
      .reverse(),
    `Customers of ${board.name} by day`,
  );
}

element('#branches').addEventListener('change', ({ target }) => {
  if (target instanceof HTMLInputElement && target.name === 'branch') chosen = target.value;
  showBoard();
});
