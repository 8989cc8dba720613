import { type Figure, type Goal, verdictOf } from './figure.js';
import { goalText } from './report.js';

const LEFT = 190;
const WIDTH = 420;
const ROW_HEIGHT = 34;
const TOP = 46;
const COLOURS = { met: '#1a7f4b', undecided: '#9a6700', missed: '#b3372f' } as const;

type FigureWithGoal = Figure & { readonly goal: Goal };

/** Draws a line for each figure with a goal: a dot for each pair, a bar for the median, and the goal in the middle. */
export function plot(all: readonly Figure[]): string {
  const figures = all.filter((figure): figure is FigureWithGoal => figure.goal !== undefined);
  const height = TOP + figures.length * ROW_HEIGHT + 12;
  const goalX = LEFT + WIDTH / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="760" height="${height}" fill="#fff"/>
<text x="${goalX}" y="18" text-anchor="middle" fill="#444">goal</text>
<text x="${LEFT}" y="32" fill="#777" font-size="11">missed</text>
<text x="${LEFT + WIDTH}" y="32" text-anchor="end" fill="#777" font-size="11">met</text>
<line x1="${goalX}" y1="24" x2="${goalX}" y2="${height - 8}" stroke="#444" stroke-dasharray="3 3"/>
${figures.map(row).join('\n')}
</svg>
`;
}

function row(figure: FigureWithGoal, index: number): string {
  const y = TOP + index * ROW_HEIGHT + ROW_HEIGHT / 2;
  const colour = COLOURS[verdictOf(figure) ?? 'undecided'];
  const dots = figure.pairs.map(
    ({ ratio }) => `<circle cx="${x(figure, ratio)}" cy="${y}" r="3.5" fill="${colour}" opacity="0.45"/>`,
  );
  return `<text x="10" y="${y + 4}" fill="#222">${figure.name}</text>
<line x1="${LEFT}" y1="${y}" x2="${LEFT + WIDTH}" y2="${y}" stroke="#ddd"/>
${dots.join('')}<rect x="${x(figure, figure.value) - 2}" y="${y - 9}" width="4" height="18" fill="${colour}"/>
<text x="${LEFT + WIDTH + 14}" y="${y + 4}" fill="${colour}">${figure.value.toPrecision(3)}</text>
<text x="${LEFT + WIDTH + 64}" y="${y + 4}" fill="#777">${goalText(figure.goal)}</text>`;
}

/** The scale is logarithmic, from a quarter of the goal to four times the goal. Better is always to the right. */
function x({ goal }: FigureWithGoal, value: number): number {
  const better = 'atLeast' in goal ? value / goal.atLeast : goal.atMost / value;
  const place = (Math.log2(Math.min(4, Math.max(0.25, better))) + 2) / 4;
  return Math.round(LEFT + WIDTH * place);
}
