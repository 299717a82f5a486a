import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';
import FlakyTests from './test/support/reporters/flaky-tests.ts';

// test/unit needs no database. test/integration runs on both databases, test/embedded and
// test/postgres on one, test/web in a browser: see test/README.md.
const timeouts = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000 } } };
// graphql ships two copies. The tests must load the one that Node loads: that named by `main`.
const resolve = { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] };
// Files share the modules of their worker, which hold no state. That makes loading four times as
// fast. Many tests wait for a server or a timeout, so three workers use two processors better than
// two.
const shared = { ...timeouts, isolate: false };
// A busy machine can delay a browser, a server or a database beyond the bound of a test. In CI such
// a test has a second attempt with the same seed, and the run ends with the errors of the first.
const isCi = process.env['CI'] !== undefined;
const withServers = { ...shared, retry: isCi ? 1 : 0 };

export default defineConfig({
  test: {
    maxWorkers: 3,
    ...(isCi && { reporters: ['default', new FlakyTests()] }),
    projects: [
      { resolve, test: { ...shared, name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        resolve,
        test: {
          ...withServers,
          name: 'embedded',
          include: ['test/integration/**/*.test.ts', 'test/embedded/**/*.test.ts'],
          env: { TIDINGS_TEST_DATABASE: 'embedded' },
          globalSetup: ['test/support/database/embedded-setup.ts'],
        },
      },
      {
        resolve,
        test: {
          ...withServers,
          testTimeout: 120_000, // each wait of a page has 30 s
          name: 'web',
          include: ['test/web/**/*.test.ts'],
          env: { TIDINGS_TEST_DATABASE: 'embedded' },
          globalSetup: ['test/support/database/embedded-setup.ts'],
        },
      },
      {
        resolve,
        test: {
          ...withServers,
          name: 'postgres',
          include: ['test/integration/**/*.test.ts', 'test/postgres/**/*.test.ts'],
          env: { TIDINGS_TEST_DATABASE: 'postgres' },
          globalSetup: ['test/support/database/postgres-setup.ts'],
        },
      },
    ],
  },
});
