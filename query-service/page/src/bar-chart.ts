import type { Chart as ChartClass, ChartConfiguration } from 'chart.js';
import { browseByKeys } from './browse-by-keys.js';
import { element, make } from './element.js';
import * as format from './format.js';

/** The page loads Chart.js as a classic script. It is undefined when a content blocker stops that script. */
declare const Chart: typeof ChartClass | undefined;

export interface Series {
  readonly label: string;
  /** Names of CSS variables, which have their own values for light, dark and forced colours. */
  readonly fill: string;
  readonly edge: string;
  /** The fill of the bar that `show` marks. */
  readonly markedFill?: string;
  readonly width: number;
  /** Formats a value; by default as money. */
  readonly show?: (value: number) => string;
}

export interface BarChart {
  /** Shows one bar per value, and none for null. `marked` is the index of the bar of the present day, if it has one. */
  show(labels: readonly string[], values: readonly (readonly (number | null)[])[], marked?: number): void;
}

const CORNER = 3;
/** The font size of the axes and tooltips, relative to the text size that the reader has chosen. */
const TEXT_REM = 0.75;
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const dark = matchMedia('(prefers-color-scheme: dark)');
const forced = matchMedia('(forced-colors: active)');

/** Draws bars over each other in the panel's canvas. Without Chart.js it opens the table, which has the same numbers. */
export function barChart(panel: HTMLElement, series: readonly Series[]): BarChart {
  const plot = element('.plot', panel);
  plot.classList.remove('loading');
  if (typeof Chart === 'undefined') {
    plot.replaceChildren(make('p', 'The chart cannot be drawn: its script did not load. The table has the numbers.'));
    plot.classList.add('missing');
    element<HTMLDetailsElement>('details', panel).open = true;
    return { show: () => undefined };
  }
  const canvas = element<HTMLCanvasElement>('canvas', panel);
  const chart = new Chart(canvas, configuration(series));
  let marked: number | undefined;
  const paint = () => {
    const css = getComputedStyle(document.documentElement);
    const color = (name: string) => css.getPropertyValue(name).trim();
    series.forEach(({ fill, edge, markedFill = fill }, index) => {
      const dataset = chart.data.datasets[index];
      if (dataset === undefined) return;
      dataset.backgroundColor = dataset.data.map((_, at) => color(at === marked ? markedFill : fill));
      dataset.borderColor = color(edge);
    });
    const family = getComputedStyle(document.body).fontFamily;
    const font = { family, size: TEXT_REM * Number.parseFloat(css.fontSize) };
    for (const axis of [chart.options.scales?.x, chart.options.scales?.y]) {
      if (axis?.ticks) Object.assign(axis.ticks, { color: color('--quiet'), font });
      if (axis?.grid) axis.grid.color = color('--line');
    }
    Object.assign(chart.options.plugins?.tooltip ?? {}, { titleFont: font, bodyFont: font });
  };
  for (const look of [dark, forced]) {
    look.addEventListener('change', () => {
      paint();
      chart.update('none');
    });
  }
  browseByKeys(chart, plot);
  return {
    show: (labels, values, nowMarked) => {
      marked = nowMarked;
      chart.data.labels = [...labels];
      values.forEach((data, index) => {
        const dataset = chart.data.datasets[index];
        if (dataset) dataset.data = [...data];
      });
      paint();
      chart.update(calm.matches ? 'none' : undefined);
    },
  };
}

function configuration(series: readonly Series[]): ChartConfiguration<'bar', (number | null)[], string> {
  return {
    type: 'bar',
    data: {
      labels: [],
      // Chart.js draws a low `order` last. So the later series lie on top.
      datasets: series.map(({ label, width }, index) => ({
        label,
        data: [],
        grouped: false,
        order: series.length - index,
        barPercentage: width,
        categoryPercentage: 1,
        borderRadius: CORNER,
        borderWidth: 1,
      })),
    },
    options: {
      maintainAspectRatio: false,
      animation: { duration: 350 },
      interaction: { mode: 'index', intersect: false },
      scales: {
        x: { grid: { display: false }, border: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 14 } },
        y: {
          beginAtZero: true,
          border: { display: false },
          grid: {},
          ticks: { maxTicksLimit: 5, callback: (value) => format.short(Number(value)) },
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          filter: ({ raw }) => raw !== null,
          callbacks: {
            label: (item) =>
              `${item.dataset.label}: ${(series[item.datasetIndex]?.show ?? format.money)(Number(item.raw))}`,
          },
        },
      },
    },
  };
}
