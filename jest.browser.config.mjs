import base from './jest.config.mjs';

/** The page in a real browser, and what it costs the suite: minutes, and Chromium, so not part of `npm test`. */
export default {
  ...base,
  testMatch: [`<rootDir>/tests/browser/*.${process.env.BROWSER_TESTS ?? 'browser'}.test.ts`],
  testTimeout: 120_000,
  maxWorkers: 1,
};
