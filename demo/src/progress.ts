import type { ShopApi } from './shop-api.js';
import type { Tally } from './traffic.js';

export interface ProgressLine {
  show(text: string): void;
  /** Shows the rate, the refusals and the lag at an interval. */
  every(intervalMs: number, api: ShopApi, tally: Tally): NodeJS.Timeout;
  end(): void;
}

/** Without a terminal, only every 30th text is printed, each on its own line. */
const TEXTS_PER_LINE = 30;
const RATE_PERIOD_S = 10;

export function showProgress(): ProgressLine {
  const isTerminal = process.stdout.isTTY;
  let last = '';
  let shown = 0;
  const show = (text: string) => {
    last = text;
    if (isTerminal) process.stdout.write(`\r\u001b[2K${text}`);
    else if (shown % TEXTS_PER_LINE === 0) process.stdout.write(`${text}\n`);
    shown += 1;
  };
  return {
    show,
    every: (intervalMs, api, tally) => {
      const totals: number[] = [];
      return setInterval(async () => {
        const { orders, purchases, refusals, unanswered } = tally;
        totals.push(orders + purchases);
        if (totals.length > RATE_PERIOD_S + 1) totals.shift();
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
      if (last !== '' && (isTerminal || (shown - 1) % TEXTS_PER_LINE !== 0))
        process.stdout.write(isTerminal ? '\n' : `${last}\n`);
    },
  };
}
