import type { ShopApi } from './shop-api.js';
import type { Tally } from './traffic.js';

export interface ProgressLine {
  show(text: string): void;
  /** Shows rate, refusals and lag at an interval. */
  every(intervalMs: number, api: ShopApi, tally: Tally): NodeJS.Timeout;
  end(): void;
}

/** Where no person watches, a line every so often instead of one that changes. */
const QUIET_EVERY = 30;
const PER_SECOND_OVER_S = 10;

export function showProgress(): ProgressLine {
  const watched = process.stdout.isTTY;
  let last = '';
  let shown = 0;
  const show = (text: string) => {
    last = text;
    if (watched) process.stdout.write(`\r\u001b[2K${text}`);
    else if (shown % QUIET_EVERY === 0) process.stdout.write(`${text}\n`);
    shown += 1;
  };
  return {
    show,
    every: (intervalMs, api, tally) => {
      const totals: number[] = [];
      return setInterval(async () => {
        const { orders, purchases, refusals, unanswered } = tally;
        totals.push(orders + purchases);
        if (totals.length > PER_SECOND_OVER_S + 1) totals.shift();
        const first = totals[0] ?? 0;
        const seconds = ((totals.length - 1) * intervalMs) / 1_000;
        const rate = seconds > 0 ? ((orders + purchases - first) / seconds).toFixed(1) : '–';
        const sync = await api.query('/api/analytics/sync-status').then(
          ({ body }) => body as { status: string; lagSeconds: number | null },
          () => ({ status: 'no answer', lagSeconds: null }),
        );
        const away = unanswered > 0 ? ` · ${unanswered} unanswered` : '';
        const lag = sync.lagSeconds ? `${sync.lagSeconds.toFixed(1)} s behind` : sync.status;
        show(`${rate}/s · orders: ${orders} · purchases: ${purchases} · refused: ${refusals}${away} · ${lag}`);
      }, intervalMs);
    },
    end: () => {
      if (last !== '' && (watched || (shown - 1) % QUIET_EVERY !== 0))
        process.stdout.write(watched ? '\n' : `${last}\n`);
    },
  };
}
