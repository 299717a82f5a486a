import { test } from 'vitest';
import { fuzz } from '../fuzz/fuzz.ts';
import { newDatabase } from '../support/test-server.ts';

// TIDINGS_FUZZ_SEED repeats a run; test/fuzz/run.ts runs for longer.
const seed = Number(process.env['TIDINGS_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test('mangled messages over HTTP and WebSocket are answered or rejected, and leave nothing behind', { timeout: 180_000 }, async () => {
  await using testDatabase = await newDatabase();
  await fuzz({ seed, seconds: 10, environment: testDatabase.environment, log: console.log });
});
