import type { z } from 'zod';
import type { syncStatus } from '../../src/queries/sync-status.js';
import { element, setText } from './element.js';
import * as format from './format.js';

export type Freshness = z.output<typeof syncStatus>;
type State = 'connecting' | 'in-sync' | 'behind' | 'incomplete' | 'lost';

const ICONS: Readonly<Record<State, string>> = {
  connecting: 'M10 6v4l3 2',
  'in-sync': 'M6.5 10.5 9 13l5-6',
  behind: 'M10 6v4l3 2',
  incomplete: 'M10 6v5m0 2.5v.5',
  lost: 'M7 7l6 6m0-6-6 6',
};

const ANNOUNCED: Readonly<Record<State, string>> = {
  connecting: '',
  'in-sync': 'The numbers are complete and in sync',
  behind: 'The numbers are behind',
  incomplete: 'Some events are missing: the numbers lack them',
  lost: 'The connection is lost, trying again',
};

const SLOW_MS = 4_000;

let last: Freshness | undefined;
let zone = 'UTC';
let connected = false;
let failing = false;
const startedAt = performance.now();

export function showFreshness(freshness: Freshness): void {
  last = freshness;
  connected = true;
  failing = false;
  show();
}

export function showTimeZone(timeZone: string): void {
  if (zone === timeZone) return;
  zone = timeZone;
  show();
}

export function showLost(): void {
  connected = false;
  failing = true;
  show();
}

/** Told in words as well as in colour and shape. */
function show(): void {
  const { state, text } = wordsOf();
  const strip = element('#strip');
  if (strip.dataset.state !== state) {
    strip.dataset.state = state;
    element('path', strip).setAttribute('d', ICONS[state]);
    // Every second would be noise to who listens; the change of state is news.
    setText(element('#announcement'), ANNOUNCED[state]);
  }
  setText(element('#strip-text'), text);
  showReasons(connected ? reasonsShown(last) : []);
}

/** These say what the strip itself says, and pass by themselves: they are shown when they have lasted for a while. */
const PASSING = ['events-pending', 'events-in-outbox', 'watermark-missing'];
const LASTING_SECONDS = 15;

function reasonsShown(freshness: Freshness | undefined): string[] {
  const isLasting = (freshness?.lagSeconds ?? 0) > LASTING_SECONDS;
  const shown = freshness?.reasons.filter(({ code }) => isLasting || !PASSING.includes(code)) ?? [];
  return shown.map(({ detail, action }) => `${upperFirst(detail)}. What to do: ${action}.`);
}

function showReasons(texts: readonly string[]): void {
  const list = element('#reasons');
  list.hidden = texts.length === 0;
  const items = [...list.children];
  for (const [at, text] of texts.entries()) setText(items[at] ?? list.appendChild(document.createElement('li')), text);
  for (const item of items.slice(texts.length)) item.remove();
}

function wordsOf(): { state: State; text: string } {
  const upTo = last?.completeUpTo ? `Complete up to ${format.clock(last.completeUpTo, zone)}` : 'Nothing counted yet';
  if (!connected) {
    if (last !== undefined) return { state: 'lost', text: `Connection lost · ${lowerFirst(upTo)} · trying again…` };
    if (failing) return { state: 'lost', text: 'The shop does not answer · trying again…' };
    const slow = performance.now() - startedAt > SLOW_MS;
    return {
      state: 'connecting',
      text: slow ? 'Still waiting for the numbers: the network is slow…' : 'Connecting to the shop…',
    };
  }
  if (last === undefined) return { state: 'connecting', text: 'Connecting to the shop…' };
  const { status, lagSeconds, pendingEvents, waitingInOutbox, setAsideEvents, lacksHistory } = last;
  const waiting = Math.max(pendingEvents, waitingInOutbox);
  const parts = [upTo];
  if (waiting > 0 && status !== 'in-sync') parts.push(`${format.count(waiting)} waiting`);
  if (lagSeconds !== null && lagSeconds > 0) parts.push(`${format.duration(lagSeconds)} behind`);
  if (status === 'stale') parts.push('no news from the order desk');
  if (status === 'unknown') return { state: 'connecting', text: 'Waiting for the first news from the order desk…' };
  if (status === 'in-sync') parts.push('in sync');
  if (setAsideEvents > 0) parts.push(`${format.count(setAsideEvents)} set aside`);
  if (lacksHistory) parts.push('older sales are missing');
  const state =
    status === 'in-sync'
      ? setAsideEvents > 0
        ? 'incomplete'
        : 'in-sync'
      : status === 'incomplete'
        ? 'incomplete'
        : 'behind';
  return { state, text: parts.join(' · ') };
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

setTimeout(show, SLOW_MS + 100);
