import { test } from 'vitest';
import { fuzz } from '../fuzz/fuzz.ts';
import { newDatabase } from '../support/test-server.ts';
import { testSeed } from '../support/oracles/test-seed.ts';

// test/fuzz/run.ts runs for longer.
const seed = testSeed();

test('mangled messages over HTTP and WebSocket are answered or rejected, and leave nothing behind', { timeout: 180_000 }, async () => {
  await using testDatabase = await newDatabase();
  await fuzz({ seed, seconds: 10, environment: testDatabase.environment, log: console.log });
});
