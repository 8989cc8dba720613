import { make } from './element.js';

export interface Row {
  readonly head: string;
  readonly cells: readonly string[];
  /** Length of the bar under the head, 0 to 1. */
  readonly share?: number;
}

/** Fills a table whose first column names its rows. */
export function fillTable(table: HTMLElement, columns: readonly string[], rows: readonly Row[], caption: string): void {
  table.classList.remove('loading');
  const title = make('caption', caption, 'hidden');
  const head = document.createElement('thead');
  head.append(cells('th', columns, 'col'));
  const body = document.createElement('tbody');
  body.append(
    ...rows.map(({ head, cells: values, share }) => {
      const row = cells('td', values);
      const name = make('th', head);
      name.setAttribute('scope', 'row');
      if (share !== undefined) {
        const bar = make('span', '', 'share');
        bar.style.setProperty('--share', `${Math.round(share * 1000) / 10}%`);
        name.append(bar);
      }
      row.prepend(name);
      return row;
    }),
  );
  table.replaceChildren(title, head, body);
}

function cells(tag: string, texts: readonly string[], scope?: string): HTMLTableRowElement {
  const row = document.createElement('tr');
  for (const text of texts) {
    const cell = make(tag, text);
    if (scope) cell.setAttribute('scope', scope);
    row.append(cell);
  }
  return row;
}
