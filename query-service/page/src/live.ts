import type { PartName, Parts } from '../../src/live/parts.js';

export type Handlers = { readonly [P in PartName]: (data: Parts[P]) => void };

export interface Connection {
  /** The stream broke, was refused or fell silent; another one is tried. */
  onLost(): void;
  /** The shop answers, and something in this browser keeps the stream from the page. */
  onBlocked(): void;
}

export interface LiveNumbers {
  /** Nothing is told any more, and nothing is asked, until `resume`. */
  pause(): void;
  resume(): void;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;
/** The server says at least every 10 s how fresh the numbers are: a longer silence is a dead connection, or nobody knows. */
const SILENCE_MS = 15_000;

/**
 * Keeps one event stream open while the page is visible. The browser reconnects a stream that broke; one that was refused,
 * or that fell silent, is opened anew here.
 */
export function keepLive(url: string, handlers: Handlers, { onLost, onBlocked }: Connection): LiveNumbers {
  let source: EventSource | undefined;
  let retryMs = FIRST_RETRY_MS;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let paused = false;

  const close = () => {
    source?.close();
    source = undefined;
    clearTimeout(retry);
    clearTimeout(silence);
  };
  const reopen = () => {
    close();
    onLost();
    retry = setTimeout(open, retryMs);
    retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
  };
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(reopen, SILENCE_MS);
  };
  const open = () => {
    close();
    const opened = new EventSource(url);
    source = opened;
    heard();
    opened.onopen = () => {
      retryMs = FIRST_RETRY_MS;
    };
    opened.onerror = async () => {
      if (opened.readyState === EventSource.CLOSED) reopen();
      else onLost();
      if (await isBlocked(url)) onBlocked();
    };
    const listen = <P extends PartName>(name: P) =>
      opened.addEventListener(name, ({ data }: MessageEvent<string>) => {
        // Other parts may be read while this one cannot, and "in sync" would stand over numbers that stand still.
        if (name === 'freshness') heard();
        handlers[name](JSON.parse(data) as Parts[P]);
      });
    for (const name of Object.keys(handlers) as PartName[]) listen(name);
  };

  const follow = () => {
    if (paused || document.visibilityState === 'hidden') close();
    else if (source === undefined) open();
  };
  document.addEventListener('visibilitychange', follow);
  // A page that comes back from the browser's cache has its stream closed.
  addEventListener('pageshow', follow);
  addEventListener('pagehide', close);
  addEventListener('online', () => {
    close();
    follow();
  });
  follow();
  const setPaused = (isPaused: boolean) => {
    paused = isPaused;
    follow();
  };
  return { pause: () => setPaused(true), resume: () => setPaused(false) };
}

/** A content blocker fails a request as a dead network does; but then other requests to the same shop are answered. */
async function isBlocked(url: string): Promise<boolean> {
  const answers = (path: string, method: string) =>
    fetch(path, { method, cache: 'no-store' }).then(
      () => true,
      () => false,
    );
  return !(await answers(url, 'HEAD')) && (await answers('/health/live', 'GET'));
}
