import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Browser, Page, PageScreenshotOptions } from 'playwright-core';
import { hourIn } from '../setup/hour-in.js';
import { runDemo } from '../setup/run-command.js';
import { openSuiteOnOwnBroker } from '../setup/suite-on-own-broker.js';
import { accessibilityFaults } from './accessibility.js';
import { openPage, startBrowser } from './browser.js';
import { isUpdating } from './screenshots.js';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));

const { broker, suite } = await openSuiteOnOwnBroker({ SHOP_TIME_ZONE: zoneInTheAfternoon() });
let browser: Browser;
let lampId: number;

beforeAll(async () => {
  mkdirSync(images, { recursive: true });
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** Returns a time zone in which it is afternoon now. A day that has just begun has too few orders for a screenshot. */
function zoneInTheAfternoon(): string {
  const zones = ['Pacific/Auckland', 'Asia/Tokyo', 'Asia/Dhaka', 'Asia/Dubai', 'Europe/Berlin', 'Atlantic/Azores'];
  const more = ['America/Sao_Paulo', 'America/New_York', 'America/Denver', 'America/Los_Angeles', 'Pacific/Honolulu'];
  const far = (zone: string) => Math.abs(hourIn(zone) - 16);
  return [...zones, ...more].sort((a, b) => far(a) - far(b))[0] ?? 'UTC';
}

const strip = (page: Page) => page.textContent('#strip-text');
/** Stores an image for the README, if this run updates screenshots. */
async function storeImage(page: Page, name: string, options: PageScreenshotOptions = {}): Promise<void> {
  if (isUpdating) await page.screenshot({ ...options, path: `${images}${name}.png` });
}

const ready = (page: Page) => page.waitForSelector('#numbers[aria-busy=false]');

test('the page of an empty shop says that nothing has been sold yet', async () => {
  const { page, faults, close } = await openPage(browser, suite.query.url);
  await ready(page);
  await page.waitForSelector('#empty:not([hidden])');
  await eventually(async () => expect(await strip(page)).toMatch(/in sync/));
  expect(await accessibilityFaults(page)).toEqual([]);
  await storeImage(page, 'page-empty');
  expect(faults).toEqual([]);
  await close();
});

test('the page shows a new order in cards, chart and lists within 2 s, without a reload', async () => {
  const lamp = { name: 'Lamp', category: 'Light', price: 20, stock: 1_000 };
  lampId = (await suite.post('/api/products', lamp)).body.productId;
  const { page, faults, close } = await openPage(browser, suite.query.url);
  await ready(page);
  for (let n = 1; n <= 3; n += 1) {
    const placed = await suite.post('/api/orders', {
      customerId: 800 + n,
      items: [{ productId: lampId, quantity: 2 }],
    });
    expect(placed.status).toBe(201);
    await eventually(
      async () => {
        expect(await page.textContent('#card-orders .value')).toBe(String(n));
        expect(await page.textContent('#card-revenue .value')).toBe(`${n * 40}.00`);
        expect(await page.textContent('#card-customers .value')).toBe(String(n));
        expect(await page.textContent('#hours tbody')).toContain(`${n * 40}.00`);
      },
      { timeoutMs: 2_000 },
    );
  }
  await eventually(async () => expect(await page.textContent('#top-products')).toContain('Lamp'));
  expect(faults).toEqual([]);
  await close();
});

test('selected text stays selected in a row whose numbers and rank change', async () => {
  const desk = { name: 'Desk', category: 'Furniture', price: 200, stock: 10 };
  const { productId } = (await suite.post('/api/products', desk)).body;
  const { page, close } = await openPage(browser, suite.query.url);
  const row = page.locator('#top-products tbody tr', { hasText: 'Lamp' });
  await row.locator('th').selectText();
  const selected = () => page.evaluate(() => getSelection()?.toString().trim());
  expect(await selected()).toBe('Lamp');
  const before = await row.elementHandle();
  const items = [
    { productId, quantity: 5 },
    { productId: lampId, quantity: 1 },
  ];
  await suite.post('/api/orders', { customerId: 804, items });
  await eventually(async () =>
    expect(await page.locator('#top-products tbody tr').allTextContents()).toEqual(['Desk51,000.00', 'Lamp7140.00']),
  );
  expect(await selected()).toBe('Lamp');
  expect(await row.evaluate((shown, known) => shown === known, before)).toBe(true);
  await close();
});

test('the page does not say "in sync" while freshness cannot be read, on an open page or on a new one', async () => {
  const { page, close } = await openPage(browser, suite.query.url);
  await eventually(async () => expect(await strip(page)).toMatch(/in sync$/));
  const holder = await suite.read.connect();
  try {
    await holder.query('BEGIN; LOCK TABLE event_ledger');
    await eventually(async () => expect(await strip(page)).toMatch(/^Connection lost/), { timeoutMs: 25_000 });
    const late = await openPage(browser, suite.query.url);
    await ready(late.page);
    expect(await strip(late.page)).not.toMatch(/in sync/);
    await late.close();
  } finally {
    holder.release(true);
  }
  await eventually(async () => expect(await strip(page)).toMatch(/in sync$/), { timeoutMs: 60_000 });
  await close();
});

describe('a shop with a past', () => {
  beforeAll(async () => {
    expect(await runDemo(suite, '--history', '30', '--minutes', '0.3', '--rate', '12')).toMatchObject({ code: 0 });
    await suite.inSync(60_000);
  }, 180_000);

  const looks = [
    { name: 'desktop-light', width: 1280, height: 860, colorScheme: 'light' },
    { name: 'desktop-dark', width: 1280, height: 860, colorScheme: 'dark' },
    { name: 'phone-light', width: 390, height: 844, colorScheme: 'light' },
    { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
  ] as const;

  test.each(looks)(
    '$name: the page shows all numbers, is accessible, fits its width and logs no fault',
    async (look) => {
      const { name, width, height, colorScheme } = look;
      const { page, faults, close } = await openPage(browser, suite.query.url, {
        viewport: { width, height },
        colorScheme,
        reducedMotion: 'reduce',
      });
      await ready(page);
      await page.waitForSelector('#branches:not([hidden])');
      await eventually(async () => expect(await page.locator('#days tbody tr').count()).toBe(30));
      await eventually(async () => expect(await strip(page)).toMatch(/^Complete up to .* in sync$/));
      expect(await page.locator('#top-products tbody tr').count()).toBe(8);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await storeImage(page, `page-${name}`, { fullPage: name.startsWith('phone') });
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    },
  );

  test('the page is smaller than 150 kB compressed, and paints within a second', async () => {
    const { page, close } = await openPage(browser, suite.query.url);
    await ready(page);
    const { bytes, paintMs } = await page.evaluate(() => {
      const files = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
      const sizes = files
        .filter(({ name }) => !name.includes('/api/'))
        .map((file) => (file as PerformanceResourceTiming).transferSize);
      const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
      return { bytes: sizes.reduce((sum, size) => sum + size, 0), paintMs: paint ?? Number.POSITIVE_INFINITY };
    });
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(150_000);
    expect(paintMs).toBeLessThan(1_000);
    await close();
  });

  test('every control can be reached and used by keyboard', async () => {
    const { page, close } = await openPage(browser, suite.query.url);
    await ready(page);
    await page.waitForSelector('#branches:not([hidden])');
    const reached = new Set<string>();
    for (let n = 0; n < 20; n += 1) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(
          () => document.activeElement?.closest('section')?.id ?? document.activeElement?.className ?? '',
        ),
      );
    }
    expect([...reached]).toEqual(expect.arrayContaining(['skip', 'hours', 'days', 'branches']));
    await page.focus('#hours summary');
    await page.keyboard.press('Enter');
    expect(await page.isVisible('#hours table')).toBe(true);
    await page.focus('[name=branch]:checked');
    const before = await page.getAttribute('[name=branch]:checked', 'value');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('[name=branch]:checked').getAttribute('value')).not.toBe(before);
    await close();
  });

  test('numbers, dates and times follow the locale of the browser', async () => {
    const { page, close } = await openPage(browser, suite.query.url, { locale: 'de-DE' });
    await ready(page);
    await eventually(async () => expect(await page.textContent('#card-revenue .value')).toMatch(/^[\d.]+,\d\d$/));
    expect(await page.textContent('#date')).toMatch(/tag/);
    await close();
  });

  test('the stream ends while the page is hidden, and starts again when it is visible', async () => {
    const { page, close } = await openPage(browser, suite.query.url);
    await ready(page);
    const streams = () => page.evaluate(() => performance.getEntriesByName(`${location.origin}/page/numbers`).length);
    const show = (state: string) =>
      page.evaluate((visibility) => {
        Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    await show('hidden');
    // The browser adds a stream to its performance timeline when the stream has ended.
    await eventually(async () => expect(await streams()).toBe(1));
    const orders = await page.textContent('#card-orders .value');
    await suite.post('/api/orders', { customerId: 811, items: [{ productId: lampId, quantity: 1 }] });
    await suite.inSync();
    expect(await page.textContent('#card-orders .value')).toBe(orders);
    await show('visible');
    await eventually(async () => expect(await page.textContent('#card-orders .value')).not.toBe(orders));
    await close();
  });

  test('the strip says how far behind the views are while the broker is down, and "in sync" when it is back', async () => {
    const { page, faults, close } = await openPage(browser, suite.query.url, {
      viewport: { width: 1280, height: 860 },
    });
    await eventually(async () => expect(await strip(page)).toMatch(/in sync/));
    await broker.kill();
    await suite.post('/api/orders', { customerId: 812, items: [{ productId: lampId, quantity: 1 }] });
    await eventually(async () => expect(await strip(page)).toMatch(/^Complete up to .* s behind · no news/), {
      timeoutMs: 20_000,
    });
    expect(await page.getAttribute('#strip', 'data-state')).toBe('behind');
    // A lasting problem is listed with its reason and what to do.
    await page.waitForSelector('#reasons:not([hidden])', { timeout: 30_000 });
    expect(await page.locator('#reasons li').first().textContent()).toMatch(/^[A-Z].*\. What to do: .*\.$/);
    await storeImage(page, 'page-behind', { clip: { x: 0, y: 0, width: 1280, height: 330 } });
    // No watermark arrives while the broker is down, so only this test changes measured_at.
    const setBack = 'UPDATE sync_state SET measured_at = measured_at - $1::interval';
    await suite.read.query(setBack, ['1 hour']);
    await eventually(async () => expect(await strip(page)).toMatch(/ · 1:00:\d\d h behind · no news/));
    await suite.read.query(setBack, ['-1 hour']);
    await broker.restart();
    await eventually(async () => expect(await strip(page)).toMatch(/in sync$/), { timeoutMs: 60_000 });
    expect(faults).toEqual([]);
    await close();
  });

  test('the strip is grey and says that the connection is lost while query-service is down, and recovers', async () => {
    const service = await suite.start('query-service');
    const { page, close } = await openPage(browser, service.url);
    await eventually(async () => expect(await strip(page)).toMatch(/in sync/));
    const port = new URL(service.url).port;
    await service.stop();
    await eventually(async () =>
      expect(await strip(page)).toMatch(/^Connection lost · complete up to .* trying again/),
    );
    expect(await page.getAttribute('#strip', 'data-state')).toBe('lost');
    await suite.start('query-service', { QUERY_SERVICE_PORT: port });
    await eventually(async () => expect(await strip(page)).toMatch(/in sync/), { timeoutMs: 30_000 });
    await close();
  });
});
