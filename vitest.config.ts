import { defineConfig } from 'vitest/config';

// test/pure needs no database. test/both runs on either database; test/postgres needs several connections, or more.
const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 };
const shared = { ...timeouts, maxWorkers: 2 };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { ...shared, name: 'pure', include: ['test/pure/**/*.test.ts'] } },
      {
        test: {
          ...shared,
          name: 'embedded',
          include: ['test/both/**/*.test.ts', 'test/embedded/**/*.test.ts'],
          env: { TIDINGS_TEST_DATABASE: 'embedded' },
          globalSetup: ['test/support/embedded-setup.ts'],
        },
      },
      {
        test: {
          ...shared,
          name: 'postgres',
          include: ['test/both/**/*.test.ts', 'test/postgres/**/*.test.ts'],
          env: { TIDINGS_TEST_DATABASE: 'postgres' },
          globalSetup: ['test/support/postgres-setup.ts'],
        },
      },
    ],
  },
});
