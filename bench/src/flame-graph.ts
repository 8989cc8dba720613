/** What V8 writes with --cpu-prof, as far as it is drawn (chromedevtools.github.io/devtools-protocol, Profiler.Profile). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  /** Microseconds of the monotonic clock that all processes share (process.hrtime). */
  readonly startTime: number;
  readonly samples: readonly number[];
  /** Microseconds between a sample and the one before. */
  readonly timeDeltas: readonly number[];
}

export interface Frame {
  readonly name: string;
  readonly place: string;
  /** Of the function and all that it calls. */
  us: number;
  readonly calls: Map<string, Frame>;
}

const WIDTH = 1200;
const FRAME_HEIGHT = 17;
const TOP = 44;
/** Thinner ones cannot be told apart. */
const LEAST_WIDTH = 1;
const CHARACTER_WIDTH = 6.2;

/** A thread's time since `fromUs` by who called whom; idle time is left out, equal callers and callees are one frame. */
export function foldProfile({ nodes, startTime, samples, timeDeltas }: CpuProfile, fromUs = 0): Frame {
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  const selfUs = new Map<number, number>();
  let atUs = startTime;
  samples.forEach((id, index) => {
    const tookUs = timeDeltas[index] ?? 0;
    atUs += tookUs;
    if (atUs >= fromUs) selfUs.set(id, (selfUs.get(id) ?? 0) + tookUs);
  });
  const fold = (id: number, into: Frame) => {
    const node = nodeOf.get(id);
    if (node === undefined || node.callFrame.functionName === '(idle)') return 0;
    const { functionName: name, url, lineNumber } = node.callFrame;
    const place = url === '' ? '' : `${shortened(url)}:${lineNumber + 1}`;
    const key = `${name} ${place}`;
    const frame = into.calls.get(key) ?? { name: name || '(anonymous)', place, us: 0, calls: new Map() };
    into.calls.set(key, frame);
    let us = selfUs.get(id) ?? 0;
    for (const child of node.children ?? []) us += fold(child, frame);
    frame.us += us;
    return us;
  };
  const all: Frame = { name: 'all', place: '', us: 0, calls: new Map() };
  const [root] = nodes;
  for (const child of root?.children ?? []) all.us += fold(child, all);
  return all;
}

/** A flame graph (Brendan Gregg, "The Flame Graph", CACM 59.6): who calls stands below, width is processor time. */
export function flameGraph(title: string, all: Frame): string {
  const pxPerUs = WIDTH / Math.max(all.us, 1);
  const depth = depthOf(all, pxPerUs);
  const height = TOP + depth * FRAME_HEIGHT + 8;
  const boxes: string[] = [];
  const draw = (frame: Frame, x: number, level: number) => {
    const width = frame.us * pxPerUs;
    if (width < LEAST_WIDTH) return;
    boxes.push(box(frame, { x, y: height - 8 - (level + 1) * FRAME_HEIGHT, width, share: frame.us / all.us }));
    let left = x;
    for (const callee of byTime(frame)) {
      draw(callee, left, level + 1);
      left += callee.us * pxPerUs;
    }
  };
  draw(all, 0, 0);
  const legend = KINDS.map(
    ({ label, colour }, index) =>
      `<rect x="${8 + index * 150}" y="26" width="10" height="10" fill="${colour}"/><text x="${22 + index * 150}" y="35">${label}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="ui-monospace, monospace" font-size="10">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="8" y="16" font-size="13">${escaped(title)}</text>
${legend.join('')}
${boxes.join('\n')}
</svg>
`;
}

const KINDS = [
  { label: 'the suite', colour: '#f2a65a', is: ({ place }: Frame) => /-service\/|chassis\/|contracts\//.test(place) },
  { label: 'libraries', colour: '#9cc3e6', is: ({ place }: Frame) => place.startsWith('node_modules/') },
  { label: 'Node.js', colour: '#c9d6c2', is: ({ place }: Frame) => place.startsWith('node:') },
  { label: 'V8 and the kernel', colour: '#dcd0e6', is: () => true },
] as const;

function box(frame: Frame, { x, y, width, share }: { x: number; y: number; width: number; share: number }): string {
  const { name, place } = frame;
  const colour = KINDS.find(({ is }) => is(frame))?.colour;
  const fits = Math.floor((width - 4) / CHARACTER_WIDTH);
  const text = fits < 3 ? '' : `<text x="${round(x + 2)}" y="${y + 12}">${escaped(name.slice(0, fits))}</text>`;
  const hint = `${[name, place].filter(Boolean).join(' ')}, ${(share * 100).toFixed(1)} %`;
  return `<g><title>${escaped(hint)}</title><rect x="${round(x)}" y="${y}" width="${round(width)}" height="${FRAME_HEIGHT - 1}" fill="${colour}" stroke="#fff" stroke-width="0.4"/>${text}</g>`;
}

function depthOf(frame: Frame, pxPerUs: number): number {
  if (frame.us * pxPerUs < LEAST_WIDTH) return 0;
  return 1 + Math.max(0, ...[...frame.calls.values()].map((callee) => depthOf(callee, pxPerUs)));
}

const byTime = ({ calls }: Frame) => [...calls.values()].sort((a, b) => b.us - a.us);
const round = (value: number) => Math.round(value * 10) / 10;
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A place says nothing of the machine that it was measured on. */
function shortened(url: string): string {
  const inLibrary = url.lastIndexOf('node_modules/');
  if (inLibrary >= 0) return url.slice(inLibrary);
  return url.replace(/^.*\/([\w-]+)\/dist\//, '$1/');
}
