import type { PartName } from '../../src/live/parts.js';
import { setText } from './element.js';
import * as format from './format.js';

/** The server repeats each part within 10 s, `days` every 30 s. It cannot read a part that is silent for longer. */
const OLD_AFTER_MS: Readonly<Record<PartName, number>> = {
  freshness: 20_000,
  today: 20_000,
  top: 20_000,
  branches: 20_000,
  days: 60_000,
};
const LOOK_INTERVAL_MS = 1_000;

interface Age {
  /** The time by the monotonic clock, which nobody can set. */
  heardAtMs: number;
  /** The time by the wall clock, for display; undefined before the part first arrived. */
  heardAt?: number;
}

const ages = new Map<PartName, Age>();
let onChange: () => void = () => undefined;
let running = false;

/** Starts to watch the age of each part, also after a pause. The age is measured from this call. */
export function watchAges(changed: () => void): void {
  onChange = changed;
  running = true;
  for (const part of Object.keys(OLD_AFTER_MS) as PartName[])
    ages.set(part, { ...ages.get(part), heardAtMs: performance.now() });
}

/** During a pause no part becomes old, because no part is requested. */
export function stopWatching(): void {
  running = false;
}

export function heard(part: PartName): void {
  ages.set(part, { heardAtMs: performance.now(), heardAt: Date.now() });
}

/** Returns whether some numbers on the page are old while others are updated. */
export function areSomeOld(): boolean {
  return [...ages.keys()].some(isOld);
}

function isOld(part: PartName): boolean {
  const age = ages.get(part);
  return running && age !== undefined && performance.now() - age.heardAtMs > OLD_AFTER_MS[part];
}

/** Shows a note at each section whose numbers are old. */
function show(): void {
  if (document.visibilityState === 'hidden') return;
  for (const note of document.querySelectorAll<HTMLElement>('.age')) {
    const part = note.dataset.part as PartName;
    const { heardAt } = ages.get(part) ?? {};
    const since = heardAt === undefined ? '' : ` They have stood still since ${format.clock(heardAt)}.`;
    note.hidden = !isOld(part);
    setText(note, note.hidden ? '' : `These numbers cannot be read at the moment.${since}`);
  }
  onChange();
}

setInterval(show, LOOK_INTERVAL_MS);
