// Measures the time from emitting an event to its arrival at subscribers, at a constant rate.
// Compares with the documented Yoga recipe and raw ws, neither of which stores events, in the same
// run. Needs the build:
//   npx tsx test/bench/latency.ts [--embedded] [--rounds 3] [--contenders Tidings]
//     [--only 'ten match']
// Emitter and clients are one process with one clock. "request" counts from sending the request,
// "response" from its response, which follows the commit. A negative time means that the subscriber
// received the event before the emitter received the response.
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { batchOf, startEmitting, type BenchEvent } from './load/emitting.ts';
import { benchOptions, median, printMeasured, quantile } from './load/program.ts';
import { startDatabases, startServer, type Contender, type Databases } from './load/servers.ts';
import { openSubscribers, type Operation } from './load/subscribers.ts';

const options = benchOptions(3);

interface Case {
  readonly name: string;
  readonly perSecond: number;
  /** Events per request. */
  readonly batch: number;
  readonly operation: (n: number) => Operation;
  readonly matching: number;
  readonly contenders: readonly Contender[];
}

const subscriptions = 1000;
const selection = '{ id event resource { resourceId } }';
/** A different filter for each subscription; ten of them match each event. */
const selective = (n: number): Operation => ({
  query: `subscription ($filter: EventFilter) { events(filter: $filter) ${selection} }`,
  variables: { filter: { resource: { id: { in: [`bench.thing.${n % 100}`, `bench.other.${n}`] } } } },
});
const all = (): Operation => ({ query: `subscription { events ${selection} }` });
const allContenders: readonly Contender[] = ['Tidings', 'Yoga recipe', 'corked ws'];
/** At 500 events or 100,000 messages per second, the recipe keeps up with a fifth. */
const fastContenders: readonly Contender[] = ['Tidings', 'corked ws'];
const cases: readonly Case[] = [
  { name: 'ten match', perSecond: 50, batch: 1, operation: selective, matching: 10, contenders: allContenders },
  { name: 'ten match', perSecond: 200, batch: 1, operation: selective, matching: 10, contenders: fastContenders },
  { name: 'ten match', perSecond: 500, batch: 1, operation: selective, matching: 10, contenders: fastContenders },
  { name: 'ten match', perSecond: 500, batch: 10, operation: selective, matching: 10, contenders: fastContenders },
  { name: 'all match', perSecond: 10, batch: 1, operation: all, matching: subscriptions, contenders: allContenders },
  { name: 'all match', perSecond: 100, batch: 1, operation: all, matching: subscriptions, contenders: fastContenders },
  { name: 'all match', perSecond: 100, batch: 10, operation: all, matching: subscriptions, contenders: fastContenders },
];
const seconds = 6;
/** The first seconds, which are not counted. */
const warmSeconds = 2;

await using databases = await startDatabases(options.database);
console.log(databases.version);
const found = new Map<string, Row[]>();
for (let round = 0; round < options.rounds; round += 1) {
  for (const each of cases.filter(({ name }) => name.includes(options.only))) {
    for (const contender of each.contenders.filter((name) => options.contenders.includes(name))) {
      const key = `${each.name}, ${each.perSecond} events/s in batches of ${each.batch}|${contender}`;
      const row = await measure(databases, contender, each);
      found.set(key, [...(found.get(key) ?? []), row]);
      printMeasured(key, row);
    }
  }
}
console.table(
  Array.from(found, ([key, rows]) => {
    const [name, contender] = key.split('|');
    const columns = Object.keys(rows[0]!) as (keyof Row)[];
    return { name, contender, ...Object.fromEntries(columns.map((column) => [column, median(rows.map((row) => row[column]))])) };
  }),
);

type Row = Readonly<
  Record<'request p50' | 'request p99' | 'response p50' | 'response p99' | 'responded p50' | 'responded p99' | 'late s' | 'resets', number>
>;

/**
 * In milliseconds. `responded`: from request to response; `late s`: seconds from the last request
 * to the last message; `resets`: repeated requests.
 */
async function measure(from: Databases, contender: Contender, { perSecond, batch, operation, matching }: Case): Promise<Row> {
  const environment = contender === 'Tidings' ? await from.fresh() : {};
  await using server = await startServer(contender, { environment });
  const count = perSecond * seconds;
  const sent = new Float64Array(count);
  const acknowledged = new Float64Array(count);
  const numbers = new Int32Array(count * matching);
  const times = new Float64Array(count * matching);
  let arrived = 0;
  using subscribers = await openSubscribers({
    url: server.url,
    sockets: 10,
    onNext(_subscription, chunk, start) {
      const at = start + '{"id":"000000","type":"next","payload":{"data":{"events":{"id":"latency-'.length;
      numbers[arrived] = Number(chunk.toString('latin1', at, at + 9));
      times[arrived] = performance.now();
      arrived += 1;
    },
  });
  await subscribers.open(Array.from({ length: subscriptions }, (_, n) => operation(n)));
  using emitting = startEmitting(server.url, { kept: 32 });

  const batches = Array.from({ length: count / batch }, (_, n) => batchOf(Array.from({ length: batch }, (_, m) => eventAt(n * batch + m))));
  const pending: Promise<void>[] = [];
  const began = performance.now();
  for (const [n, each] of batches.entries()) {
    while (performance.now() < began + (n * batch * 1000) / perSecond) await pause(1);
    sent.fill(performance.now(), n * batch, (n + 1) * batch);
    pending.push(emitting.emit(each).then(() => void acknowledged.fill(performance.now(), n * batch, (n + 1) * batch)));
  }
  const ended = performance.now();
  await Promise.all(pending);
  for (let waited = 0; arrived < count * matching; waited += 1) {
    if (waited > 120_000) throw new Error(`expected ${count * matching} messages, got ${arrived}`);
    await pause(1);
  }
  const counted = Array.from({ length: arrived }, (_, n) => n).filter((n) => numbers[n]! >= warmSeconds * perSecond);
  const sinceRequest = counted.map((n) => times[n]! - sent[numbers[n]!]!);
  const sinceResponse = counted.map((n) => times[n]! - acknowledged[numbers[n]!]!);
  const untilResponse = Array.from(acknowledged, (time, n) => time - sent[n]!).slice(warmSeconds * perSecond);
  return {
    'request p50': rounded(quantile(sinceRequest, 0.5)),
    'request p99': rounded(quantile(sinceRequest, 0.99)),
    'response p50': rounded(quantile(sinceResponse, 0.5)),
    'response p99': rounded(quantile(sinceResponse, 0.99)),
    'responded p50': rounded(quantile(untilResponse, 0.5)),
    'responded p99': rounded(quantile(untilResponse, 0.99)),
    'late s': rounded((times[arrived - 1]! - ended) / 1000),
    resets: emitting.repeated,
  };
}

function eventAt(n: number): BenchEvent {
  return {
    id: `latency-${String(n).padStart(9, '0')}`,
    event: 'bench.thing.changed',
    resource: { id: `bench.thing.${n % 100}`, labels: { region: 'eu-west-1' } },
    related: [{ id: 'bench.owner.1', role: 'owner' }],
    payload: { from: 'PENDING', to: 'RUNNING', count: n },
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
