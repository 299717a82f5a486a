import postgres from 'postgres';
import { startPostgres } from '../support/database/postgres-server.ts';
import { adminKey, makeKey } from '../support/keys.ts';
import { startProcess } from '../support/process.ts';
import { emitted, processorSeconds } from './load.ts';
import { sampleInputs } from './sample.ts';

// What keys and limits cost an emission: the server's own processor time for an event, on Postgres, with a key that has a filter and
// an allowance, beside a server without keys and without a limit of cost; both in turns.
//   npm run build && npx tsx test/bench/keys.ts [seconds a case, 3]
const seconds = Number(process.argv[2] ?? 3);
const rounds = 5;
const next = sampleInputs();
await using database = await startPostgres();
const servers = [
  { what: 'open', settings: { TIDINGS_MAX_COST_PER_MINUTE: '0' } },
  { what: 'keys', settings: { TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_COST_PER_MINUTE: '1000000000' } },
];
const admin = postgres(database.url('postgres'), { max: 1 });
const started = [];
for (const { what, settings } of servers) {
  await admin.unsafe(`create database ${what}`);
  const { url, child } = await startProcess({ DATABASE_URL: database.url(what), TIDINGS_LOG_LEVEL: 'silent', ...settings });
  const input = { permissions: ['EMIT', 'READ'], filter: { event: { startsWith: ['github.'] } } };
  const authorization = what === 'keys' ? `Bearer ${(await makeKey(url, input)).secret}` : undefined;
  started.push({ what, url, child, ...(authorization === undefined ? {} : { authorization }) });
}
try {
  for (const load of [
    { batch: 1, clients: 64 },
    { batch: 100, clients: 8 },
    { batch: 1000, clients: 8 },
  ]) {
    const micros = new Map<string, number[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const { what, child, ...target } of started) {
        const before = processorSeconds(child.pid!);
        const rate = await emitted({ ...target, ...load, seconds, next });
        const spent = processorSeconds(child.pid!) - before;
        micros.set(what, [...(micros.get(what) ?? []), (spent / (rate * seconds)) * 1e6]);
      }
    }
    const summary = [...micros].map(
      ([what, each]) => `${what} ${median(each).toFixed(1)} µs (${each.map((one) => one.toFixed(0)).join(' ')})`,
    );
    console.log(`${load.batch}x${load.clients}: ${summary.join(', ')}`);
  }
} finally {
  for (const { child } of started) child.kill('SIGKILL');
  await admin.end();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
