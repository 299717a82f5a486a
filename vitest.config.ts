import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

// test/pure needs no database. test/both runs on either database; test/postgres needs several connections, or more.
const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 };
// graphql ships two copies of itself; Node loads the one that `main` names, and so must the tests.
const resolve = { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] };
const shared = { ...timeouts, maxWorkers: 2 };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { resolve, test: { ...shared, name: 'pure', include: ['test/pure/**/*.test.ts'] } },
      {
        resolve,
        test: {
          ...shared,
          name: 'embedded',
          include: ['test/both/**/*.test.ts', 'test/embedded/**/*.test.ts'],
          env: { TIDINGS_TEST_DATABASE: 'embedded' },
          globalSetup: ['test/support/embedded-setup.ts'],
        },
      },
      {
        resolve,
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
