import type { Chart as ChartClass, ChartConfiguration } from 'chart.js';
import { element } from './element.js';
import * as format from './format.js';

/** Chart.js comes as a classic script, from this origin. */
declare const Chart: typeof ChartClass | undefined;

export interface Series {
  readonly label: string;
  /** CSS variables, so that light and dark have their own. */
  readonly color: string;
  readonly lastColor?: string;
  readonly width: number;
  /** Money when left out. */
  readonly show?: (value: number) => string;
}

export interface BarChart {
  show(labels: readonly string[], values: readonly (readonly number[])[]): void;
}

const CORNER = 3;
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const dark = matchMedia('(prefers-color-scheme: dark)');

/** Bars over each other, in the panel's canvas. Without Chart.js the table beside it still has the numbers. */
export function barChart(panel: HTMLElement, series: readonly Series[]): BarChart {
  element('.plot', panel).classList.remove('loading');
  if (typeof Chart === 'undefined') return { show: () => undefined };
  const canvas = element<HTMLCanvasElement>('canvas', panel);
  const chart = new Chart(canvas, configuration(series));
  const paint = () => {
    const css = getComputedStyle(document.documentElement);
    const color = (name: string) => css.getPropertyValue(name).trim();
    series.forEach(({ color: name, lastColor }, index) => {
      const dataset = chart.data.datasets[index];
      if (dataset === undefined) return;
      const last = dataset.data.length - 1;
      dataset.backgroundColor = dataset.data.map((_, i) => color(i === last && lastColor ? lastColor : name));
    });
    for (const axis of [chart.options.scales?.x, chart.options.scales?.y]) {
      if (axis?.ticks) axis.ticks.color = color('--quiet');
      if (axis?.grid) axis.grid.color = color('--line');
    }
  };
  dark.addEventListener('change', () => {
    paint();
    chart.update('none');
  });
  return {
    show: (labels, values) => {
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

function configuration(series: readonly Series[]): ChartConfiguration<'bar', number[], string> {
  const font = { family: 'system-ui, sans-serif', size: 12 };
  return {
    type: 'bar',
    data: {
      labels: [],
      // Drawn from the last to the first: what comes later lies on top.
      datasets: series.map(({ label, width }, index) => ({
        label,
        data: [],
        grouped: false,
        order: series.length - index,
        barPercentage: width,
        categoryPercentage: 1,
        borderRadius: CORNER,
      })),
    },
    options: {
      maintainAspectRatio: false,
      animation: { duration: 350 },
      interaction: { mode: 'index', intersect: false },
      scales: {
        x: {
          grid: { display: false },
          border: { display: false },
          ticks: { font, maxRotation: 0, autoSkipPadding: 14 },
        },
        y: {
          beginAtZero: true,
          border: { display: false },
          grid: {},
          ticks: { font, maxTicksLimit: 5, callback: (value) => format.short(Number(value)) },
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          callbacks: {
            label: (item) =>
              `${item.dataset.label}: ${(series[item.datasetIndex]?.show ?? format.money)(Number(item.raw))}`,
          },
        },
      },
    },
  };
}
