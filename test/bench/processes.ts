// Measures several processes on one Postgres. Latency: events emitted on one server at a constant
// rate, until a subscriber of the same or of another server has them. Throughput: single emissions,
// batches and pages with TIDINGS_WORKERS=1 and 2, in turns. Needs the build:
//   npx tsx test/bench/processes.ts [--rounds 3] [--only latency | --only throughput]
// The clients are one process on the same machine, beside Postgres.
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { emitted } from './load.ts';
import { batchOf, numberedEvents, startEmitting } from './load/emitting.ts';
import { openLeanPoster } from './load/lean-post.ts';
import { benchOptions, median, quantile } from './load/program.ts';
import { startDatabases, startServer } from './load/servers.ts';
import { openSubscribers } from './load/subscribers.ts';
import { sampleInputs } from './load/sample-inputs.ts';

const options = benchOptions(3);
const perSecond = 200;
const seconds = 5;
/** The first seconds, which are not counted. */
const warmSeconds = 2;
const clients = 64;

await using databases = await startDatabases('postgres');
if ('latency'.includes(options.only)) await measureLatency();
if ('throughput'.includes(options.only)) await measureThroughput();

async function measureLatency(): Promise<void> {
  const found = { here: [] as Latency[], elsewhere: [] as Latency[] };
  for (let round = 0; round < options.rounds; round += 1) {
    for (const where of ['here', 'elsewhere'] as const) {
      const environment = await databases.fresh();
      await using emitting = await startServer('Tidings', { environment });
      await using other = await startServer('Tidings', { environment });
      found[where].push(await latency(emitting.url, where === 'here' ? emitting.url : other.url));
    }
  }
  for (const [where, rows] of Object.entries(found)) {
    const ofAll = (column: keyof Latency): string => median(rows.map((row) => row[column])).toFixed(1);
    console.log(`emitted here, received ${where}, at ${perSecond}/s: p50 ${ofAll('p50')} ms, p99 ${ofAll('p99')} ms`);
  }
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
}

async function latency(emitUrl: string, subscribeUrl: string): Promise<Latency> {
  const batches = numberedEvents(perSecond * seconds, 'processes').map((event) => batchOf([event]));
  const sent = new Float64Array(batches.length);
  const times = new Float64Array(batches.length);
  let arrived = 0;
  using subscribers = await openSubscribers({
    url: subscribeUrl,
    sockets: 1,
    onNext(_subscription, chunk, start, end) {
      times[Number(/"id":"processes-(\d{9})"/.exec(chunk.toString('latin1', start, end))?.[1])] = performance.now();
      arrived += 1;
    },
  });
  await subscribers.open([{ query: 'subscription { events { id } }' }]);
  using emitting = startEmitting(emitUrl, { kept: 32 });
  const pending: Promise<void>[] = [];
  const began = performance.now();
  for (const [n, batch] of batches.entries()) {
    while (performance.now() < began + (n * 1000) / perSecond) await pause(1);
    sent[n] = performance.now();
    pending.push(emitting.emit(batch));
  }
  await Promise.all(pending);
  for (let waited = 0; arrived < batches.length; waited += 1) {
    if (waited > 10_000) throw new Error(`expected ${batches.length} events, got ${arrived}`);
    await pause(1);
  }
  const counted = Array.from(times, (time, n) => time - sent[n]!).slice(warmSeconds * perSecond);
  return { p50: quantile(counted, 0.5), p99: quantile(counted, 0.99) };
}

async function measureThroughput(): Promise<void> {
  const found = new Map<string, number[]>();
  const next = sampleInputs();
  for (let round = 0; round < options.rounds; round += 1) {
    for (const workers of ['1', '2']) {
      await using server = await startServer('Tidings', { environment: { ...(await databases.fresh()), TIDINGS_WORKERS: workers } });
      const { url } = server;
      const add = (name: string, rate: number): void => {
        const key = `${name}, ${workers} ${workers === '1' ? 'process' : 'processes'}`;
        found.set(key, [...(found.get(key) ?? []), rate]);
      };
      await emitted({ url, clients, batch: 1, seconds: warmSeconds, next });
      add('single events/s', await emitted({ url, clients, batch: 1, seconds, next }));
      add('events/s in batches of 100', await emitted({ url, clients: 8, batch: 100, seconds, next }));
      add('pages/s', await pagesPerSecond(url));
    }
  }
  for (const [name, rates] of [...found].toSorted(([a], [b]) => (a < b ? -1 : 1))) console.log(`${name}: ${Math.round(median(rates))}`);
}

/** Pages of 50 events by `clients` clients. */
async function pagesPerSecond(url: string): Promise<number> {
  const body = JSON.stringify({ query: '{ events(first: 50) { nodes { id event occurred resource { resourceId } } } }' });
  const posters = await Promise.all(Array.from({ length: clients }, () => openLeanPoster(url)));
  let pages = 0;
  const began = performance.now();
  const read = async (poster: (typeof posters)[number]): Promise<void> => {
    while (performance.now() - began < seconds * 1000) {
      const response = await poster.post(body);
      if (!response.startsWith('{"data":{"events"')) throw new Error(`expected a page, got ${response.slice(0, 300)}`);
      pages += 1;
    }
  };
  await Promise.all(posters.map(read));
  const took = performance.now() - began;
  for (const poster of posters) poster[Symbol.dispose]();
  return (pages * 1000) / took;
}
