import type { PartName, Parts } from '../../src/live/parts.js';

export type Handlers = { readonly [P in PartName]: (data: Parts[P]) => void };

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;
/** The server says at least every 10 s how fresh the numbers are: a longer silence is a dead connection, or nobody knows. */
const SILENCE_MS = 15_000;

/**
 * Keeps one event stream open while the page is visible. The browser reconnects a stream that broke; one that was refused,
 * or that fell silent, is opened anew here.
 */
export function keepLive(url: string, handlers: Handlers, onLost: () => void): void {
  let source: EventSource | undefined;
  let retryMs = FIRST_RETRY_MS;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;

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
    opened.onerror = () => {
      if (opened.readyState === EventSource.CLOSED) reopen();
      else onLost();
    };
    const listen = <P extends PartName>(name: P) =>
      opened.addEventListener(name, ({ data }: MessageEvent<string>) => {
        // Other parts may be read while this one cannot, and "in sync" would stand over numbers that stand still.
        if (name === 'freshness') heard();
        handlers[name](JSON.parse(data) as Parts[P]);
      });
    for (const name of Object.keys(handlers) as PartName[]) listen(name);
  };

  const follow = () => (document.visibilityState === 'hidden' ? close() : source === undefined && open());
  document.addEventListener('visibilitychange', follow);
  // A page that comes back from the browser's cache has its stream closed.
  addEventListener('pageshow', follow);
  addEventListener('pagehide', close);
  addEventListener('online', () => {
    close();
    follow();
  });
  follow();
}
