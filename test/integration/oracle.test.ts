import { test } from 'vitest';
import { runOracle } from '../oracle/oracle.ts';
import { newDatabase, onPostgres } from '../support/test-server.ts';
import { testSeed } from '../support/oracles/test-seed.ts';

// test/oracle/run.ts runs for longer.
const seed = testSeed();

test(
  'subscribers that drop, stall and resume receive the result of the plain query while servers are killed, batches repeated and events removed',
  async () => {
    await using testDatabase = await newDatabase();
    const { environment } = testDatabase;
    await runOracle({
      seed,
      minutes: 0.5,
      retention: onPostgres,
      environment,
      servers: onPostgres ? 3 : 1,
      database: null,
      log: console.log,
    });
  },
  10 * 60_000,
);
