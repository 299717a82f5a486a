import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { openLeanPoster } from './load/lean-post.ts';
import { quantile } from './load/program.ts';
import { startDatabases, startServer } from './load/servers.ts';
import { send } from './load.ts';
import { sampleInputs } from './load/sample-inputs.ts';

// Measures sustained emitting by 8 clients in batches of 100 and of 1,000, at given rates and as
// fast as possible. Prints acknowledged events per second, milliseconds from a batch to its
// response, and the number of unindexed events every two seconds:
//   npm run build && npx tsx test/bench/sustained.ts [seconds per case, 16]
// The other ingest benchmarks measure bursts, which are indexed afterwards.
const seconds = Number(process.argv[2] ?? 16);
const clients = 8;
const cases = [
  { batch: 100, rate: 5000 },
  { batch: 100, rate: 10_000 },
  { batch: 100, rate: Infinity },
  { batch: 1000, rate: Infinity },
] as const;
const next = sampleInputs();
await using databases = await startDatabases('postgres');
console.log(databases.version);
console.log(['batch', 'wanted/s', 'events/s', 'p50', 'p99', 'indexed after', 'unindexed'].map((text) => text.padEnd(17)).join(''));
for (const each of cases) console.log((await measured(each)).map((text) => text.padEnd(17)).join(''));

async function measured({ batch, rate }: { readonly batch: number; readonly rate: number }): Promise<readonly string[]> {
  const environment = await databases.fresh();
  await using server = await startServer('Tidings', { environment });
  const sqlClient = postgres(environment['DATABASE_URL'] ?? '', { max: 1 });
  const lagEvents = async (): Promise<number> => {
    const [row] = await sqlClient`
      select coalesce((select max(position) from tidings.events), 0) - coalesce((select max(last) from tidings.digests), 0) as events`;
    return Number(row?.['events']);
  };

  const posters = await Promise.all(Array.from({ length: clients }, () => openLeanPoster(server.url)));
  const began = performance.now();
  const elapsed = (): number => performance.now() - began;
  const times: number[] = [];
  let due = 0;
  const client = async (poster: (typeof posters)[number]): Promise<void> => {
    while (elapsed() < seconds * 1000) {
      const wait = (due / rate) * 1000 - elapsed();
      due += batch;
      if (wait > 0) await sleep(wait);
      const events = Array.from({ length: batch }, next);
      const sent = performance.now();
      await send(poster, events);
      times.push(performance.now() - sent);
    }
  };
  const lags: number[] = [];
  const lagTimer = setInterval(() => void lagEvents().then((events) => lags.push(events)), 2000);
  await Promise.all(posters.map(client));
  const perSecond = (times.length * batch * 1000) / elapsed();
  clearInterval(lagTimer);
  const ended = performance.now();
  // Fewer events than a row group are left.
  while ((await lagEvents()) >= 1024 && performance.now() - ended < 60_000) await sleep(100);
  const caughtUp = (performance.now() - ended) / 1000;

  for (const poster of posters) poster[Symbol.dispose]();
  await sqlClient.end();
  const latencies = [quantile(times, 0.5), quantile(times, 0.99)].map((ms) => ms.toFixed(1));
  return [String(batch), String(rate), perSecond.toFixed(0), ...latencies, `${caughtUp.toFixed(1)} s`, lags.join(' ')];
}
