import { element, make, setText } from './element.js';

export interface Row {
  /** Of what it tells: two products may have the same name. */
  readonly key: number | string;
  readonly head: string;
  readonly cells: readonly string[];
  /** Length of the bar under the head, 0 to 1. */
  readonly share?: number;
}

/**
 * Fills a table whose first column names its rows. A row stays for as long as its key is shown, and moves only past those
 * that it has overtaken: who has selected text, or listens to a row, does not lose it to the order that comes every second.
 */
export function fillTable(
  table: HTMLTableElement,
  columns: readonly string[],
  rows: readonly Row[],
  caption: string,
): void {
  table.classList.remove('loading');
  if (table.tHead === null) table.append(make('caption', '', 'hidden'), headOf(columns), make('tbody'));
  setText(element('caption', table), caption);
  const body = element<HTMLTableSectionElement>('tbody', table);
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const shown = rows.map((row) => fillRow(known.get(String(row.key)) ?? newRow(row), row));
  for (const row of known.values()) if (!shown.includes(row)) row.remove();
  shown.forEach((row, index) => {
    if (row !== body.rows[index]) body.insertBefore(row, body.rows[index] ?? null);
  });
}

function headOf(columns: readonly string[]): HTMLElement {
  const head = document.createElement('thead');
  head.insertRow().append(...columns.map((column) => headCell('col', column)));
  return head;
}

function newRow({ key, cells }: Row): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.dataset.key = String(key);
  row.append(headCell('row'), ...cells.map(() => make('td')));
  return row;
}

function headCell(scope: 'col' | 'row', text?: string): HTMLElement {
  const cell = make('th', text);
  cell.setAttribute('scope', scope);
  return cell;
}

function fillRow(row: HTMLTableRowElement, { head, cells, share }: Row): HTMLTableRowElement {
  [head, ...cells].forEach((text, index) => {
    const cell = row.cells[index];
    if (cell) setText(cell, text);
  });
  if (share === undefined) return row;
  const name = element('th', row);
  const bar = name.querySelector<HTMLElement>('.share') ?? name.appendChild(make('span', '', 'share'));
  bar.style.setProperty('--share', `${Math.round(share * 1000) / 10}%`);
  return row;
}
