import { FiltersEngine, Request } from '@ghostery/adblocker';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Browser, Page } from 'playwright-core';
import { openSuite } from '../setup/suite.js';
import { startBrowser } from './browser.js';

const suite = await openSuite();
let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** Rules of EasyPrivacy that could match a page of sales, and some that are stricter than any common list. */
const LIST = `
/api/analytics/*
/api/analytics?
/api/analytics|
/api/metrics$other
/api/v1/metrics
/analytics/*
/metrics/*
/stats/*
/stats.
/statistics/*
/collect?
/events?
/event-tracking.
/beacon.
/pixel.
/counter.
/tracker.
/tracking/*
/pageview
/page-view
/pagehit
/telemetry/*
/stream/log.html?
/livehit
`;

/** Opens the page in a browser whose content blocker has these filters. */
async function openFiltered(filters: string, url: string) {
  const engine = FiltersEngine.parse(filters, { enableCompression: false });
  const context = await browser.newContext({ locale: 'en-GB' });
  const page = await context.newPage();
  const blocked: string[] = [];
  await page.route('**/*', (route) => {
    const request = route.request();
    const type = request.resourceType() as Parameters<typeof Request.fromRawDetails>[0]['type'];
    const details = { url: request.url(), sourceUrl: page.url(), ...(type && { type }) };
    if (!engine.match(Request.fromRawDetails(details)).match) return route.continue();
    blocked.push(request.url());
    return route.abort('blockedbyclient');
  });
  await page.goto(url);
  return { page, blocked, close: () => context.close() };
}

const strip = (page: Page) => page.textContent('#strip-text');

test('everything that the page needs is loaded under common filter lists', async () => {
  const { page, blocked, close } = await openFiltered(LIST, suite.query.url);
  await eventually(async () => expect(await strip(page)).toMatch(/in sync$/));
  await page.waitForSelector('#numbers[aria-busy=false]');
  expect(blocked).toEqual([]);
  // The blocker is active: it blocks the documented path of the same numbers.
  const isAnswered = await page.evaluate(() =>
    fetch('/api/analytics/sync-status').then(
      () => true,
      () => false,
    ),
  );
  expect([isAnswered, blocked.length]).toEqual([false, 1]);
  await close();
});

test('the page names a content blocker when the numbers are blocked but the shop answers', async () => {
  const { page, close } = await openFiltered('/page/numbers', suite.query.url);
  await eventually(async () =>
    expect(await strip(page)).toMatch(/^The shop answers, but something in this browser, such as a content blocker/),
  );
  await page.unrouteAll();
  await eventually(async () => expect(await strip(page)).toMatch(/in sync$/), { timeoutMs: 30_000 });
  await close();
});

test('the page shows the numbers in tables when the script of the charts is blocked', async () => {
  const { page, close } = await openFiltered('/chart.js|', suite.query.url);
  await page.waitForSelector('#numbers[aria-busy=false]');
  expect(await page.textContent('#hours .plot')).toMatch(/its script did not load/);
  expect(await page.locator('#hours details').getAttribute('open')).not.toBeNull();
  await close();
});
