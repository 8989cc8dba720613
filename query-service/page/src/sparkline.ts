const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 40;
const WIDTH = 240;
const HOURS = 24;
/** Leaves room for the stroke at the top. */
const MARGIN = 3;

/** `x` is in hours of the day, 0 to 24. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Draws today so far as an area and all of yesterday as a dashed line. It is decoration: the chart has the numbers. */
export function drawSparkline(svg: SVGSVGElement, now: readonly Point[], before: readonly Point[]): void {
  const highest = Math.max(0.01, ...[...now, ...before].map(({ y }) => y));
  const x = (hours: number) => Math.round((hours / HOURS) * WIDTH * 10) / 10;
  const y = (value: number) => Math.round((HEIGHT - (value / highest) * (HEIGHT - MARGIN)) * 10) / 10;
  const line = (points: readonly Point[]) =>
    points.map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`).join('');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  const path = (className: string, d: string) => {
    const made = document.createElementNS(SVG, 'path');
    made.setAttribute('class', className);
    made.setAttribute('d', d);
    return made;
  };
  const [first, last] = [now[0], now.at(-1)];
  const area = first && last ? `${line(now)}L${x(last.x)} ${HEIGHT}L${x(first.x)} ${HEIGHT}Z` : '';
  svg.replaceChildren(path('area', area), path('before', line(before)), path('now', line(now)));
}
