import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

// test/unit needs no database. test/integration runs on either database; test/postgres needs several connections, or more.
const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 };
// graphql ships two copies of itself; Node loads the one that `main` names, and so must the tests.
const resolve = { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] };
// Files share their worker's modules, which keep nothing between them, and take a quarter of the time to load. Where many tests
// wait for a server, or for its patience to end, one more than two processors are busy with makes use of that.
const shared = { ...timeouts, isolate: false };

export default defineConfig({
  test: {
    maxWorkers: 3,
    projects: [
      { resolve, test: { ...shared, name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        resolve,
        test: {
          ...shared,
          name: 'embedded',
          include: ['test/integration/**/*.test.ts', 'test/embedded/**/*.test.ts'],
          env: { TIDINGS_TEST_DATABASE: 'embedded' },
          globalSetup: ['test/support/database/embedded-setup.ts'],
        },
      },
      {
        resolve,
        test: {
          ...shared,
          name: 'postgres',
          include: ['test/integration/**/*.test.ts', 'test/postgres/**/*.test.ts'],
          env: { TIDINGS_TEST_DATABASE: 'postgres' },
          globalSetup: ['test/support/database/postgres-setup.ts'],
        },
      },
    ],
  },
});
