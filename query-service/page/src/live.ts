import type { PartName, Parts } from '../../src/live/parts.js';

export type Handlers = { readonly [P in PartName]: (data: Parts[P]) => void };

export interface Connection {
  /** Called when the stream broke, was refused or fell silent. The page then opens another one. */
  onLost(): void;
  /** Called when the shop answers, but something in this browser, such as a content blocker, blocks the stream. */
  onBlocked(): void;
}

export interface LiveNumbers {
  /** Closes the stream until `resume`. */
  pause(): void;
  resume(): void;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;
/** The server sends `freshness` at least every 10 s. After a longer silence the connection is dead or the status unknown. */
const SILENCE_MS = 15_000;

/**
 * Keeps one event stream open while the page is visible. The browser reconnects a broken stream by itself; this function opens
 * a new one after a refusal or a silence.
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
        // Only this part ends a silence: while it alone cannot be read, the page must not go on to show "in sync".
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
  // A page from the back/forward cache needs a new stream.
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

/** A blocked request fails like one on a dead network, but other requests to the shop are still answered. */
async function isBlocked(url: string): Promise<boolean> {
  const answers = (path: string, method: string) =>
    fetch(path, { method, cache: 'no-store' }).then(
      () => true,
      () => false,
    );
  return !(await answers(url, 'HEAD')) && (await answers('/health/live', 'GET'));
}
