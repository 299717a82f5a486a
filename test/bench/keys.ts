import postgres from 'postgres';
import { startPostgres } from '../support/database/postgres-server.ts';
import { adminKey, makeKey } from '../support/keys.ts';
import { startProcess } from '../support/process.ts';
import { emitted, processorSeconds } from './load.ts';
import { sampleInputs } from './load/sample-inputs.ts';

// Measures what keys and limits cost when emitting: the server's processor time per event, on
// Postgres. Compares a key with a filter and a cost limit with a server without keys and cost
// limit, alternately:
//   npm run build && npx tsx test/bench/keys.ts [seconds per case, 3]
const seconds = Number(process.argv[2] ?? 3);
const rounds = 5;
const next = sampleInputs();
await using database = await startPostgres();
const servers = [
  { name: 'open', settings: { TIDINGS_MAX_COST_PER_MINUTE: '0' } },
  { name: 'keys', settings: { TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_COST_PER_MINUTE: '1000000000' } },
];
const admin = postgres(database.url('postgres'), { max: 1 });
const started = [];
for (const { name, settings } of servers) {
  await admin.unsafe(`create database ${name}`);
  const { url, child } = await startProcess({ DATABASE_URL: database.url(name), TIDINGS_LOG_LEVEL: 'silent', ...settings });
  const input = { permissions: ['EMIT', 'READ'], filter: { event: { startsWith: ['github.'] } } };
  const authorization = name === 'keys' ? `Bearer ${(await makeKey(url, input)).secret}` : undefined;
  started.push({ name, url, child, ...(authorization === undefined ? {} : { authorization }) });
}
try {
  for (const load of [
    { batch: 1, clients: 64 },
    { batch: 100, clients: 8 },
    { batch: 1000, clients: 8 },
  ]) {
    const micros = new Map<string, number[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, child, ...target } of started) {
        const before = processorSeconds(child.pid!);
        const rate = await emitted({ ...target, ...load, seconds, next });
        const spent = processorSeconds(child.pid!) - before;
        micros.set(name, [...(micros.get(name) ?? []), (spent / (rate * seconds)) * 1e6]);
      }
    }
    const summary = [...micros].map(
      ([name, each]) => `${name} ${median(each).toFixed(1)} µs (${each.map((one) => one.toFixed(0)).join(' ')})`,
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
