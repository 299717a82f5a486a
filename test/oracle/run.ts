import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '../support/database/postgres-server.ts';
import { runOracle } from './oracle.ts';

// Runs the oracle on a new database. It needs the build (npm run build):
//   npx tsx test/oracle/run.ts --minutes 60 --seed 1 [--embedded | --kill-database] [--retention]
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '15' },
    seed: { type: 'string' },
    embedded: { type: 'boolean', default: false },
    'kill-database': { type: 'boolean', default: false },
    retention: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const minutes = Number(values.minutes);
const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

if (values.embedded) {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-oracle-'));
  try {
    await runOracle({ seed, minutes, retention: false, environment: { DATA_DIR: folder }, servers: 1, database: null, log });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} else {
  await using server = await startPostgres();
  const environment = { DATABASE_URL: server.url('postgres') };
  await runOracle({
    seed,
    minutes,
    retention: values.retention,
    environment,
    servers: 3,
    database: values['kill-database'] ? server : null,
    log,
  });
}
log('oracle: every follower received the result of the plain query, and every page and count was right');
