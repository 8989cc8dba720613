import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openSuite } from '../setup/suite.js';
import { accessibilityFaults } from './accessibility.js';
import { openPage, startBrowser } from './browser.js';
import { type NumbersServer, startNumbersServer } from './numbers-server.js';
import { compareScreenshot, useStoredFont } from './screenshots.js';
import { emptyNumbers, someNumbers } from './some-numbers.js';

/** These tests show the page with fixed numbers, in every width, colour scheme and text size. */
const suite = await openSuite();
let browser: Browser;
let shop: NumbersServer;

beforeAll(async () => {
  browser = await startBrowser();
  shop = await startNumbersServer(suite.query.url);
});
beforeEach(() => shop.send(someNumbers()));
afterAll(async () => {
  await browser.close();
  await shop.close();
});

async function open(options: BrowserContextOptions & { readonly textPercent?: number } = {}) {
  const { textPercent = 100, ...context } = options;
  // The page's policy refuses styles from elsewhere, such as the ones that these tests add.
  const opened = await openPage(browser, shop.url, { reducedMotion: 'reduce', bypassCSP: true, ...context });
  await opened.page.waitForSelector('#numbers[aria-busy=false]');
  if (textPercent !== 100) await opened.page.addStyleTag({ content: `html { font-size: ${textPercent}% }` });
  return opened;
}

const strip = (page: Page) => page.textContent('#strip-text');
const viewport = (width: number) => ({ width, height: 900 });

describe('screenshots', () => {
  const looks: readonly [string, Parameters<typeof open>[0]][] = [
    ['320', { viewport: viewport(320) }],
    ['390', { viewport: viewport(390) }],
    ['768', { viewport: viewport(768) }],
    ['1024', { viewport: viewport(1024) }],
    ['1440', { viewport: viewport(1440) }],
    ['1440-dark', { viewport: viewport(1440), colorScheme: 'dark' }],
    ['390-text-200', { viewport: viewport(390), textPercent: 200 }],
    ['768-forced-colours', { viewport: viewport(768), forcedColors: 'active' }],
  ];
  test.each(looks)('the page looks like its stored screenshot %s', async (name, options) => {
    const { page, faults, close } = await open(options);
    await useStoredFont(page);
    await eventually(async () => expect(await strip(page)).toMatch(/in sync$/));
    await redrawn(page);
    await compareScreenshot(page, name);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      page.viewportSize()?.width ?? 0,
    );
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  test('the page five seconds after midnight has a bar for the new day, and looks like its stored screenshot', async () => {
    const { days } = someNumbers();
    shop.send({ ...someNumbers({ at: '2026-11-21T00:00:05.000Z' }), days });
    const { page, close } = await open({ viewport: viewport(1024) });
    // The daily numbers still end with yesterday, which is a whole day now. The page adds a bar for today.
    await page.click('#days summary');
    const rows = () => page.locator('#days tbody th').allTextContents();
    await eventually(async () => expect((await rows()).slice(0, 2)).toEqual(['Sat 21 Nov, so far', 'Fri 20 Nov']));
    expect(await rows()).toHaveLength(30);
    expect(await page.textContent('#date')).toBe('Saturday 21 November, UTC time');
    await page.click('#days summary');
    await useStoredFont(page);
    await redrawn(page);
    await compareScreenshot(page, '1024-midnight');
    await close();
  });

  test.each([
    ['empty', false, 'No orders yet'],
    ['tills-alone', true, 'No online orders yet'],
  ] as const)(
    'the page without online orders looks like its stored screenshot 768-%s',
    async (name, tills, heading) => {
      shop.send(emptyNumbers({ tills }));
      const { page, faults, close } = await open({ viewport: viewport(768) });
      await page.waitForSelector('#empty:not([hidden])');
      expect(await page.textContent('#empty h2')).toBe(heading);
      for (const selector of ['.charts', '#hours', '#days canvas', '.tops', '#top-products']) {
        expect([selector, await page.isVisible(selector)]).toEqual([selector, false]);
      }
      expect(await page.isVisible('#branches')).toBe(tills);
      await useStoredFont(page);
      await redrawn(page);
      await compareScreenshot(page, `768-${name}`);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    },
  );
});

/** Redraws the charts in the stored font, because a chart measures its text when it gets numbers. */
async function redrawn(page: Page): Promise<void> {
  shop.send({ freshness: someNumbers().freshness });
  await page.evaluate(() => {
    // biome-ignore lint/suspicious/noExplicitAny: a global of Chart.js
    const { Chart } = globalThis as any;
    const font = { family: getComputedStyle(document.body).fontFamily };
    for (const canvas of document.querySelectorAll('canvas')) {
      const chart = Chart.getChart(canvas);
      if (chart === undefined) continue;
      for (const axis of ['x', 'y']) Object.assign(chart.options.scales[axis].ticks.font, font);
      chart.update('none');
    }
  });
  // A chart takes the width of its frame a moment after the frame was laid out, so this waits until both are equal.
  await page.waitForFunction(() =>
    [...document.querySelectorAll('canvas')].every((canvas) => {
      // biome-ignore lint/suspicious/noExplicitAny: a global of Chart.js
      const chart = (globalThis as any).Chart.getChart(canvas);
      const width = canvas.parentElement?.clientWidth ?? 0;
      return chart === undefined || width === 0 || Math.abs(chart.width - width) <= 1;
    }),
  );
}

describe('long numbers', () => {
  /** These numbers have amounts of twelve digits and percentages of nine. */
  const long = someNumbers({ scale: 24_000_000 });
  long.today.yesterdayBySameTime.revenue = 0.37;

  test.each(['en-GB', 'de-CH', 'hi-IN', 'ar-EG', 'pl-PL'])(
    'no number is cut off in the locale %s, at any width and size of text',
    async (locale) => {
      shop.send(long);
      const { page, close } = await open({ locale });
      await page.waitForSelector('#branches:not([hidden])');
      for (const summary of await page.locator('summary').all()) await summary.click();
      for (const textPercent of [100, 200]) {
        await page.evaluate((percent) => {
          document.documentElement.style.fontSize = `${percent}%`;
        }, textPercent);
        for (const width of [320, 390, 768, 1024, 1440, 1920]) {
          await page.setViewportSize(viewport(width));
          await laidOut(page);
          expect([textPercent, width, await page.evaluate(cutTexts)]).toEqual([textPercent, width, []]);
        }
      }
      await close();
    },
  );
});

/** Waits a few frames: tables are laid out in the frame after their width has changed. */
async function laidOut(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
}

/** Runs in the page and returns the numbers whose text is wider than their cell or card. */
function cutTexts(): string[] {
  const cut: string[] = [];
  if (document.documentElement.scrollWidth > window.innerWidth) {
    const wide = [...document.querySelectorAll('body *')].filter((one) => {
      return one.getBoundingClientRect().right > window.innerWidth && !one.closest('.skip, .hidden');
    });
    cut.push(
      `beyond the window: ${wide.map(({ tagName, id, className }) => `${tagName}#${id}.${className}`).join(', ')}`,
    );
  }
  for (const shown of document.querySelectorAll(
    '.value, .change, td, tbody th, .choices :is(b, i, em), #strip-text, #date',
  )) {
    const range = document.createRange();
    range.selectNodeContents(shown);
    const frame = (shown.closest('.card, .choices span, td, th, .panel') ?? document.body).getBoundingClientRect();
    for (const { left, right } of range.getClientRects()) {
      if (left < frame.left - 1 || right > frame.right + 1)
        cut.push(`${shown.textContent} in ${shown.className || shown.tagName}`);
    }
  }
  return cut;
}

describe('comparisons', () => {
  test('a change that rounds to zero is shown as neither up nor down', async () => {
    const numbers = someNumbers();
    numbers.today.yesterdayBySameTime = { ...numbers.today.today, revenue: numbers.today.today.revenue + 0.01 };
    shop.send(numbers);
    const { page, close } = await open();
    expect(await page.textContent('#card-revenue .change')).toMatch(/^= as much as by .* yesterday$/);
    expect(await page.locator('#card-revenue .change .down').count()).toBe(0);
    await close();
  });

  test('a sparkline does not drop to zero when a new hour begins', async () => {
    const numbers = someNumbers({ at: '2026-11-20T15:00:01.000Z' });
    const nothing = { revenue: 0, orders: 0, newCustomers: 0 };
    numbers.today.hours = numbers.today.hours.map((one) => (one.hour === 15 ? { ...one, today: nothing } : one));
    shop.send(numbers);
    const { page, close } = await open();
    for (const card of ['revenue', 'orders', 'average', 'customers']) {
      const line = (await page.getAttribute(`#card-${card} .spark .now`, 'd')) ?? '';
      const heights = [...line.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, , y]) => Number(y));
      // SVG counts from the top, so a lower number is a higher sum.
      expect(heights.at(-1)).toBeCloseTo(heights.at(-2) ?? 0, 0);
      if (card !== 'average') expect(heights).toEqual([...heights].sort((a, b) => b - a));
    }
    await close();
  });

  test('the current hour is shown beside the same minutes of yesterday, and those minutes are named', async () => {
    const { page, close } = await open();
    await page.click('#hours summary');
    const row = page.locator('#hours tbody tr').nth(14);
    expect(await row.locator('th').textContent()).toBe('14:00 to 14:23');
    expect(await row.locator('td').allTextContents()).toEqual(['61.00', '2', '83.00', '2']);
    expect(await page.locator('#hours tbody tr').nth(15).locator('td').first().textContent()).toBe('–');
    await close();
  });

  test('a branch shows its local day, and compares only whole days', async () => {
    const { page, close } = await open();
    const words = await page.locator('#branch-downtown em').allTextContents();
    expect(words).toEqual([
      'Fri 20 Nov, so far: 61 purchases, 48 customers',
      'Thu 19 Nov: 2,800.00, 2,600.00 a week before',
    ]);
    expect(await page.textContent('#branches h3:has(.branch-zone)')).toContain('Europe/Berlin time');
    await close();
  });
});

describe('words', () => {
  test('titles name the channel and the time, and the columns of a table have different names', async () => {
    const { page, close } = await open();
    const cards = await page.locator('.card h2').allTextContents();
    for (const title of cards) expect(title).toMatch(/online .*today$/i);
    for (const title of await page.locator('.tops h2').allTextContents()) expect(title).toMatch(/online, all time$/);
    for (const table of await page.locator('table').all()) {
      const columns = await table.locator('thead th').allTextContents();
      expect(new Set(columns).size).toBe(columns.length);
    }
    await close();
  });

  test('times are those of the shop before any number of today has arrived', async () => {
    const tokyo = await suite.start('query-service', { SHOP_TIME_ZONE: 'Asia/Tokyo' });
    const there = await startNumbersServer(tokyo.url);
    there.send({ freshness: someNumbers().freshness });
    const { page, close } = await openPage(browser, there.url);
    await eventually(async () => expect(await strip(page)).toBe('Complete up to 23:23:05 · in sync'));
    await close();
    await there.close();
  });
});

describe('accessibility:', () => {
  test('the chosen option is visible without colours', async () => {
    const { page, close } = await open({ forcedColors: 'active' });
    const look = (selector: string) =>
      page.evaluate((chosen) => {
        const shown = document.querySelector(chosen);
        if (shown === null) throw new Error(`no ${chosen}`);
        const sign = getComputedStyle(shown.querySelector('i') ?? shown, '::before').content;
        return [getComputedStyle(shown).borderTopWidth, sign];
      }, selector);
    for (const name of ['branch', 'period']) {
      const [chosen, other] = [
        await look(`[name=${name}]:checked + span`),
        await look(`[name=${name}]:not(:checked) + span`),
      ];
      expect(chosen).toEqual(['3px', '"✓ "']);
      expect(other).not.toEqual(chosen);
    }
    await close();
  });

  test.each(['light', 'dark'] as const)('adjacent bars have a contrast of at least 3:1 (%s)', async (colorScheme) => {
    const { page, close } = await open({ colorScheme });
    const colour = (name: string) =>
      page.evaluate((variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim(), name);
    const [accent, before, later, past, panel] = await Promise.all(
      ['--accent', '--before', '--later', '--past', '--panel'].map(colour),
    );
    for (const other of [before, later, past, panel]) expect(contrast(accent ?? '', other ?? '')).toBeGreaterThan(3);
    for (const edge of ['--before-edge', '--past-edge'])
      expect(contrast(await colour(edge), panel ?? '')).toBeGreaterThan(3);
    await close();
  });

  test('the text of a chart grows with the text of the page', async () => {
    const size = (page: Page) =>
      page.evaluate(() => {
        // biome-ignore lint/suspicious/noExplicitAny: a global of Chart.js
        const chart = (globalThis as any).Chart.getChart(document.querySelector('#hours canvas'));
        return chart.options.scales.x.ticks.font.size as number;
      });
    const { page, close } = await open();
    const usual = await size(page);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    shop.send(someNumbers());
    await eventually(async () => expect(await size(page)).toBe(2 * usual));
    await close();
  });

  test('a chart announces its numbers to keyboard users', async () => {
    const { page, close } = await open();
    await page.focus('#hours canvas');
    const spoken = () => page.textContent('#hours [role=status]');
    await page.keyboard.press('ArrowRight');
    expect(await spoken()).toMatch(/^00:00\. Yesterday: [\d,.]+\. Today: [\d,.]+\.$/);
    await page.keyboard.press('End');
    expect(await spoken()).toMatch(/^23:00\. Yesterday, whole hour: [\d,.]+\.$/);
    await page.keyboard.press('Escape');
    expect(await spoken()).toBe('');
    await close();
  });

  test('a paused page says so, and shows the current numbers when it is resumed', async () => {
    const { page, close } = await open();
    const before = await page.textContent('#card-orders .value');
    await page.focus('#pause');
    await page.keyboard.press('Enter');
    expect(await page.getAttribute('#pause', 'aria-pressed')).toBe('true');
    await eventually(async () => expect(await strip(page)).toMatch(/^Paused at .* · complete up to 14:23:05$/));
    expect(await page.textContent('#announcement')).toMatch(/^Paused/);
    const numbers = someNumbers();
    numbers.today.today.orders += 5;
    shop.send(numbers);
    await page.waitForTimeout(1_500);
    expect(await page.textContent('#card-orders .value')).toBe(before);
    await page.keyboard.press('Enter');
    await eventually(async () =>
      expect(await page.textContent('#card-orders .value')).toBe(String(Number(before) + 5)),
    );
    await eventually(async () => expect(await strip(page)).toMatch(/in sync$/));
    await close();
  });
});

test('numbers that stop arriving are marked as old, and the page is not called in sync', async () => {
  const { page, close } = await open();
  await eventually(async () => expect(await strip(page)).toMatch(/in sync$/));
  shop.send({ today: undefined });
  await eventually(
    async () => expect(await strip(page)).toContain('some numbers below cannot be read and stand still'),
    {
      timeoutMs: 40_000,
    },
  );
  expect(await page.getAttribute('#strip', 'data-state')).toBe('behind');
  const notes = page.locator('.age:visible');
  await eventually(async () => expect(await notes.count()).toBe(2));
  expect(await notes.first().textContent()).toMatch(/^These numbers cannot be read.* have stood still since \d/);
  shop.send(someNumbers());
  await eventually(async () => expect(await strip(page)).toMatch(/in sync$/));
  await eventually(async () => expect(await notes.count()).toBe(0));
  await close();
});

/** Returns the contrast ratio of two colours, by the relative luminance of WCAG 2.2. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string) => {
    const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
    const [r = 0, g = 0, blue = 0] = parts.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}
