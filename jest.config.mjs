/** Tests run from source through swc: no build between an edit and its test. */
export default {
  rootDir: '.',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/**/*.{unit,int,e2e}.test.ts', '<rootDir>/tests/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.data/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  moduleNameMapper: {
    '^@tallyline/(contracts|chassis|local)/(.*)$': '<rootDir>/$1/src/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/tests/setup/start-servers.mjs',
  globalTeardown: '<rootDir>/tests/setup/stop-servers.mjs',
  reporters: ['default', '<rootDir>/tests/setup/closing-line-reporter.mjs'],
  testTimeout: 30_000,
  maxWorkers: 2,
};
