const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 40;
const STEP = 10;
/** Room for the stroke at the top. */
const MARGIN = 3;

/** Today as far as it went, as an area, over the whole of yesterday as a dashed line. Decoration: the chart has the numbers. */
export function drawSparkline(svg: SVGSVGElement, now: readonly number[], before: readonly number[]): void {
  const highest = Math.max(1, ...now, ...before);
  const y = (value: number) => Math.round((HEIGHT - (value / highest) * (HEIGHT - MARGIN)) * 10) / 10;
  const line = (values: readonly number[]) =>
    values.map((v, i) => `${i === 0 ? 'M' : 'L'}${i * STEP} ${y(v)}`).join('');
  svg.setAttribute('viewBox', `0 0 ${(before.length - 1) * STEP} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  const path = (className: string, d: string) => {
    const made = document.createElementNS(SVG, 'path');
    made.setAttribute('class', className);
    made.setAttribute('d', d);
    return made;
  };
  const end = (now.length - 1) * STEP;
  svg.replaceChildren(
    path('area', `${line(now)}L${end} ${HEIGHT}L0 ${HEIGHT}Z`),
    path('before', line(before)),
    path('now', line(now)),
  );
}
