import base from './jest.config.mjs';

/** Tests of the owner's page in Chromium. They are not part of `npm test`, because they need a browser and take minutes. */
export default {
  ...base,
  testMatch: [`<rootDir>/tests/browser/*.${process.env.BROWSER_TESTS ?? 'browser'}.test.ts`],
  testTimeout: 120_000,
  maxWorkers: 1,
};
