import type { Chart } from 'chart.js';
import { element, make, setText } from './element.js';

type BarChart = Chart<'bar', (number | null)[], string>;

/** Lets the arrow keys show a bar's numbers, as a pointer does. A screen reader announces them. */
export function browseByKeys(chart: BarChart, plot: HTMLElement): void {
  const canvas = element<HTMLCanvasElement>('canvas', plot);
  const spoken = make('p', '', 'hidden');
  spoken.setAttribute('role', 'status');
  plot.append(spoken);
  canvas.tabIndex = 0;
  let at: number | undefined;

  const point = (index: number | undefined) => {
    at = index;
    const shown = chart.data.datasets.flatMap(({ data }, datasetIndex) =>
      index === undefined || (data[index] ?? null) === null ? [] : [{ datasetIndex, index }],
    );
    chart.setActiveElements(shown);
    const bar = shown.map(({ datasetIndex, index }) => chart.getDatasetMeta(datasetIndex).data[index]).at(-1);
    chart.tooltip?.setActiveElements(shown, { x: bar?.x ?? 0, y: bar?.y ?? 0 });
    chart.update('none');
    const lines = index === undefined ? [] : (chart.tooltip?.body.flatMap(({ lines }) => lines) ?? []);
    const label = index === undefined ? '' : chart.data.labels?.[index];
    setText(spoken, lines.length === 0 ? '' : `${label}. ${lines.join('. ')}.`);
  };

  canvas.addEventListener('keydown', (event) => {
    const last = (chart.data.labels?.length ?? 0) - 1;
    const next: Readonly<Record<string, number | undefined>> = {
      ArrowRight: Math.min(last, (at ?? -1) + 1),
      ArrowLeft: Math.max(0, (at ?? last + 1) - 1),
      Home: 0,
      End: last,
      Escape: undefined,
    };
    if (!(event.key in next) || last < 0) return;
    event.preventDefault();
    point(next[event.key]);
  });
  canvas.addEventListener('blur', () => point(undefined));
}
