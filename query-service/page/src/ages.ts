import type { PartName } from '../../src/live/parts.js';
import { setText } from './element.js';
import * as format from './format.js';

/** The server repeats each part within 10 s, `days` every 30 s: what is silent for longer cannot be read at the moment. */
const OLD_AFTER_MS: Readonly<Record<PartName, number>> = {
  freshness: 20_000,
  today: 20_000,
  top: 20_000,
  branches: 20_000,
  days: 60_000,
};
const LOOK_INTERVAL_MS = 1_000;

interface Age {
  /** By a clock that nobody sets. */
  heardAtMs: number;
  /** By the clock that is shown; undefined before the part first came. */
  heardAt?: number;
}

const ages = new Map<PartName, Age>();
let onChange: () => void = () => undefined;
let running = false;

/** Begins to watch, or does so again after a pause: each part has its time from here. */
export function watchAges(changed: () => void): void {
  onChange = changed;
  running = true;
  for (const part of Object.keys(OLD_AFTER_MS) as PartName[])
    ages.set(part, { ...ages.get(part), heardAtMs: performance.now() });
}

/** While nothing is asked, nothing grows old. */
export function stopWatching(): void {
  running = false;
}

export function heard(part: PartName): void {
  ages.set(part, { heardAtMs: performance.now(), heardAt: Date.now() });
}

/** Whether numbers on the page stand still while others move. */
export function areSomeOld(): boolean {
  return [...ages.keys()].some(isOld);
}

function isOld(part: PartName): boolean {
  const age = ages.get(part);
  return running && age !== undefined && performance.now() - age.heardAtMs > OLD_AFTER_MS[part];
}

/** Says so at each section whose numbers are old. */
function show(): void {
  if (document.visibilityState === 'hidden') return;
  for (const note of document.querySelectorAll<HTMLElement>('.age')) {
    const part = note.dataset.part as PartName;
    const { heardAt } = ages.get(part) ?? {};
    const since = heardAt === undefined ? '' : ` They stand still since ${format.clock(heardAt)}.`;
    note.hidden = !isOld(part);
    setText(note, note.hidden ? '' : `These numbers cannot be read at the moment.${since}`);
  }
  onChange();
}

setInterval(show, LOOK_INTERVAL_MS);
