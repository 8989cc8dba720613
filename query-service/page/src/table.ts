import { element, make, setText } from './element.js';

export interface Row {
  /** The id of what the row shows, because two products may have the same name. */
  readonly key: number | string;
  readonly head: string;
  readonly cells: readonly string[];
  /** Length of the bar under the head, 0 to 1. */
  readonly share?: number;
}

/**
 * Fills a table whose first column names its rows. A row element stays while its key is shown and moves only when its rank
 * changes, so that updates every second neither clear a text selection nor interrupt a screen reader.
 */
export function fillTable(
  table: HTMLTableElement,
  columns: readonly string[],
  rows: readonly Row[],
  caption: string,
): void {
  table.classList.remove('loading');
  if (table.tHead === null) {
    // page.css lays out narrow tables as blocks. Without roles a screen reader would not treat those as tables.
    table.append(make('caption', '', 'hidden'), headOf(columns), withRole('rowgroup', make('tbody')));
    withRole('table', table);
    // The callback changes the layout, so it waits for a frame: the observer must not cause its own next call.
    const sized = new ResizeObserver(() => requestAnimationFrame(() => stackIfTooNarrow(table)));
    if (table.parentElement) sized.observe(table.parentElement);
  }
  setText(element('caption', table), caption);
  const body = element<HTMLTableSectionElement>('tbody', table);
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const shown = rows.map((row) => fillRow(known.get(String(row.key)) ?? newRow(row, columns), row));
  for (const row of known.values()) if (!shown.includes(row)) row.remove();
  shown.forEach((row, index) => {
    if (row !== body.rows[index]) body.insertBefore(row, body.rows[index] ?? null);
  });
  stackIfTooNarrow(table);
}

/** Turns each row into a block if the columns do not fit beside each other, which depends on the numbers. */
function stackIfTooNarrow(table: HTMLTableElement): void {
  const width = () => table.getBoundingClientRect().width;
  // As a block the table is as wide as its parent allows; as a table it is as wide as its longest numbers need.
  table.classList.add('stacked');
  const room = width();
  table.classList.remove('stacked');
  table.classList.toggle('stacked', width() > room + 0.5);
}

function headOf(columns: readonly string[]): HTMLElement {
  const head = withRole('rowgroup', document.createElement('thead'));
  withRole('row', head.insertRow()).append(...columns.map((column) => headCell('col', column)));
  return head;
}

function newRow({ key }: Row, [, ...columns]: readonly string[]): HTMLTableRowElement {
  const row = withRole('row', document.createElement('tr'));
  row.dataset.key = String(key);
  row.append(headCell('row'), ...columns.map(cellOf));
  return row;
}

/** A cell that names its column, which the stacked layout shows instead of the head. */
function cellOf(column: string): HTMLElement {
  const cell = withRole('cell', make('td'));
  cell.dataset.column = column;
  return cell;
}

function withRole<E extends Element>(role: string, element: E): E {
  element.setAttribute('role', role);
  return element;
}

function headCell(scope: 'col' | 'row', text?: string): HTMLElement {
  const cell = withRole(scope === 'col' ? 'columnheader' : 'rowheader', make('th', text));
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
