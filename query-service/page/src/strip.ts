import type { Parts } from '../../src/live/parts.js';
import { areSomeOld } from './ages.js';
import { element, setText } from './element.js';
import * as format from './format.js';

type Freshness = Parts['freshness'];
type State = 'connecting' | 'in-sync' | 'behind' | 'incomplete' | 'lost' | 'paused';

const ICONS: Readonly<Record<State, string>> = {
  connecting: 'M10 6v4l3 2',
  'in-sync': 'M6.5 10.5 9 13l5-6',
  behind: 'M10 6v4l3 2',
  incomplete: 'M10 6v5m0 2.5v.5',
  lost: 'M7 7l6 6m0-6-6 6',
  paused: 'M8 7v6m4-6v6',
};

const ANNOUNCED: Readonly<Record<State, string>> = {
  connecting: '',
  'in-sync': 'The numbers are complete and in sync',
  behind: 'The numbers are behind',
  incomplete: 'Some events are missing from the numbers',
  lost: 'The connection is lost, trying again',
  paused: 'Paused: the numbers stand still',
};

const SLOW_MS = 4_000;

let last: Freshness | undefined;
let connection: 'connecting' | 'connected' | 'lost' | 'blocked' | 'paused' = 'connecting';
let pausedAt = 0;
const startedAt = performance.now();

export function showFreshness(freshness: Freshness): void {
  last = freshness;
  connect('connected');
}

export const showLost = () => connect('lost');
/** Applies only while the connection is lost, because a stream that was refused may have been opened since. */
export const showBlocked = () => connection === 'lost' && connect('blocked');
export const showResumed = () => connect('connecting');

export function showPaused(): void {
  pausedAt = Date.now();
  connect('paused');
}

function connect(to: typeof connection): void {
  connection = to;
  showStrip();
}

/** Shows the state in words as well as in colour and shape. */
export function showStrip(): void {
  const { state, text } = wordsOf();
  const strip = element('#strip');
  if (strip.dataset.state !== state) {
    strip.dataset.state = state;
    element('path', strip).setAttribute('d', ICONS[state]);
    // A screen reader should announce a change of state, but not every second.
    setText(element('#announcement'), ANNOUNCED[state]);
  }
  setText(element('#strip-text'), text);
  showReasons(connection === 'connected' ? reasonsShown(last) : []);
}

/** These reasons repeat what the strip says and pass by themselves, so they are shown only after a while. */
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
  const upTo = last?.completeUpTo ? `Complete up to ${format.clock(last.completeUpTo)}` : 'Nothing counted yet';
  switch (connection) {
    case 'paused':
      return { state: 'paused', text: `Paused at ${format.clock(pausedAt)} · ${lowerFirst(upTo)}` };
    case 'blocked':
      return {
        state: 'lost',
        text: `The shop answers, but something in this browser, such as a content blocker, keeps its numbers from this page. Allow ${location.host} there.`,
      };
    case 'lost': {
      const news = last === undefined ? 'The shop does not answer' : `Connection lost · ${lowerFirst(upTo)}`;
      return { state: 'lost', text: `${news} · trying again…` };
    }
    case 'connecting': {
      const isSlow = last === undefined && performance.now() - startedAt > SLOW_MS;
      const text = isSlow ? 'Still waiting for the numbers: the network is slow…' : 'Connecting to the shop…';
      return { state: 'connecting', text };
    }
    case 'connected':
      return last === undefined ? { state: 'connecting', text: 'Connecting to the shop…' } : freshnessWords(last, upTo);
  }
}

function freshnessWords(freshness: Freshness, upTo: string): { state: State; text: string } {
  const { status, lagSeconds, pendingEvents, waitingInOutbox, setAsideEvents, parkedEvents } = freshness;
  const { lacksHistory, viewsLackingHistory } = freshness;
  if (status === 'unknown') return { state: 'connecting', text: 'Waiting for the first news from the order desk…' };
  const someOld = areSomeOld();
  const waiting = Math.max(pendingEvents, waitingInOutbox);
  const parts = [upTo];
  if (waiting > 0 && status !== 'in-sync') parts.push(`${format.count(waiting)} waiting`);
  if (lagSeconds !== null && lagSeconds > 0) parts.push(`${format.duration(lagSeconds)} behind`);
  if (status === 'stale') parts.push('no news from the order desk');
  if (status === 'in-sync' && !someOld) parts.push('in sync');
  if (someOld) parts.push('some numbers below cannot be read and stand still');
  if (setAsideEvents > 0) parts.push(`${format.count(setAsideEvents)} could not be counted`);
  if (parkedEvents > 0) parts.push(`${format.count(parkedEvents)} wait for an upgrade`);
  // A server of an older release does not send the list, and this page may come from a newer one beside it.
  if (lacksHistory || viewsLackingHistory?.length > 0) parts.push('older sales are missing');
  return { state: stateOf(status, setAsideEvents, someOld), text: parts.join(' · ') };
}

function stateOf(status: Freshness['status'], setAsideEvents: number, someOld: boolean): State {
  if (status === 'incomplete') return 'incomplete';
  if (status !== 'in-sync' || someOld) return 'behind';
  return setAsideEvents > 0 ? 'incomplete' : 'in-sync';
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
