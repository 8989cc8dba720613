import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { openSuite } from '../setup/suite.js';
import { openPage, startBrowser } from './browser.js';

const suite = await openSuite();
let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

test.each(['command', 'consumer', 'query'] as const)(
  '/docs of %s-service executes a call, within its policy and without another host',
  async (name) => {
    const { url } = suite[name];
    const { page, faults, close } = await openPage(browser, `${url}/docs`);
    await page.click('#operations-operation-getHealthLive .opblock-summary-control');
    await page.click('button:text("Try it out")');
    await page.click('button:text("Execute")');
    expect(await page.textContent('.live-responses-table tbody .response-col_status')).toMatch(/^200/);
    expect(await page.textContent('.request-url pre')).toBe(`${url}/health/live`);
    expect(faults).toEqual([]);
    await close();
  },
);
