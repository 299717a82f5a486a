// Measures messages per second to clients when every subscription matches every event. Compares
// with the documented Yoga recipe, and with corked ws, which is the upper limit, in the same run.
// Needs the build:
//   npx tsx test/bench/fan-out.ts [--embedded] [--rounds 3] [--contenders Tidings]
//     [--only 'no filter|1000|'] [--profiles FOLDER]
// All contenders receive the same events in the same batches over HTTP, at most two batches ahead
// of the delivered ones, and send the same bytes. "µs" is the server's processor time per message,
// which other work on the machine changes little. The rate covers the first to the last message
// after a warm-up. Checks the number of messages of every subscription, and order and content of
// one in a hundred.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { batchOf, numberedEvents, startEmitting, type BenchEvent } from './load/emitting.ts';
import { benchOptions, median, printMeasured } from './load/program.ts';
import { startDatabases, startServer, type Contender, type Databases } from './load/servers.ts';
import { openSubscribers, type Operation } from './load/subscribers.ts';

const options = benchOptions(3);

interface Case {
  readonly name: string;
  readonly operation: Operation;
  readonly contenders: readonly Contender[];
}

const allContenders: readonly Contender[] = ['Tidings', 'Yoga recipe', 'ws', 'corked ws'];
/** Matches every event of the workload. */
const filter = { related: [{ role: ['deployment'] }] };
const selection = '{ id event resource { resourceId } }';
const cases: readonly Case[] = [
  { name: 'events, no filter', operation: { query: `subscription { events ${selection} }` }, contenders: allContenders },
  {
    name: 'events, equal filters',
    operation: { query: `subscription ($filter: EventFilter) { events(filter: $filter) ${selection} }`, variables: { filter } },
    contenders: ['Tidings', 'Yoga recipe'],
  },
  {
    name: 'eventStream',
    operation: { query: `subscription { eventStream { ... on EventBatch { events ${selection} } } }` },
    contenders: ['Tidings'],
  },
];
const sizes = [
  { subscriptions: 100, sockets: 1 },
  { subscriptions: 1000, sockets: 10 },
  { subscriptions: 10_000, sockets: 100 },
];
/** Messages per measurement, so that each takes some seconds. */
const messages: Readonly<Record<Contender, number>> = { Tidings: 150_000, 'Yoga recipe': 60_000, ws: 300_000, 'corked ws': 1_000_000 };

await using databases = await startDatabases(options.database);
console.log(databases.version);
const rates = new Map<string, Rate[]>();
for (let round = 0; round < options.rounds; round += 1) {
  for (const each of cases) {
    for (const size of sizes) {
      for (const contender of each.contenders.filter((name) => options.contenders.includes(name))) {
        const key = [each.name, size.subscriptions, contender].join('|');
        if (!key.includes(options.only)) continue;
        const rate = await measure(databases, contender, { ...each, ...size });
        rates.set(key, [...(rates.get(key) ?? []), rate]);
        printMeasured(key, rate);
      }
    }
  }
}
console.table(
  cases.flatMap(({ name }) =>
    sizes.flatMap(({ subscriptions }) => {
      const cells = allContenders.flatMap((contender) => {
        const found = rates.get([name, subscriptions, contender].join('|')) ?? [];
        const middle = (of: (rate: Rate) => number): number => Number(median(found.map(of)).toPrecision(4));
        return found.length === 0
          ? []
          : [
              [contender, middle(({ perSecond }) => perSecond)],
              [`${contender} µs`, middle(({ serverMicros }) => serverMicros)],
            ];
      });
      return cells.length === 0 ? [] : [{ subscription: name, subscriptions, ...Object.fromEntries(cells) }];
    }),
  ),
);

interface Rate {
  /** Messages per second, and the server's processor time per message, in microseconds. */
  readonly perSecond: number;
  readonly serverMicros: number;
  /** The share of time in which this process, the client, was busy. */
  readonly clientBusy: number;
}

async function measure(
  from: Databases,
  contender: Contender,
  { operation, subscriptions, sockets }: Case & (typeof sizes)[number],
): Promise<Rate> {
  const environment = contender === 'Tidings' ? await from.fresh() : {};
  const nodeFlags = options.profiles !== null && contender === 'Tidings' ? ['--cpu-prof', `--cpu-prof-dir=${options.profiles}`] : [];
  await using server = await startServer(contender, { environment, nodeFlags });
  const size = Math.min(200, Math.max(2, 20_000 / subscriptions));
  const warm = Math.ceil((0.2 * messages[contender]) / subscriptions / size) * size;
  const count = warm + Math.max(2, Math.ceil(messages[contender] / subscriptions / size)) * size;
  const events = numberedEvents(count, 'fan');

  const streams = operation.query.includes('eventStream');
  const receivedEvents = new Uint32Array(subscriptions); // by subscription
  let arrived = 0;
  let inspected = 0;
  let [first, last] = [0, 0];
  let began = performance.eventLoopUtilization();
  using subscribers = await openSubscribers({
    url: server.url,
    sockets,
    onNext(subscription, chunk, start, end) {
      let more = 1;
      if (streams)
        more =
          inspected++ % 101 === 0
            ? checkBatch(chunk.toString('utf8', start, end), receivedEvents[subscription]!)
            : countIn(chunk, start, end);
      else if (inspected++ % 101 === 0) checkEvent(chunk.toString('utf8', start, end), receivedEvents[subscription]!);
      receivedEvents[subscription]! += more;
      arrived += more;
      if (arrived <= warm * subscriptions) return;
      last = performance.now();
      if (first > 0) return;
      first = last;
      began = performance.eventLoopUtilization();
    },
  });
  const checkEvent = (text: string, n: number): void => {
    const { type, payload } = JSON.parse(text);
    assert.deepEqual({ type, payload }, { type: 'next', payload: { data: { events: chosen(events[n]) } } });
  };
  const checkBatch = (text: string, n: number): number => {
    const message = JSON.parse(text).payload.data.eventStream;
    const got: readonly object[] = message.events ?? [];
    assert.deepEqual(got, events.slice(n, n + got.length).map(chosen));
    return got.length;
  };
  await subscribers.open(Array.from({ length: subscriptions }, () => operation));

  using emitting = startEmitting(server.url, { kept: 0 });
  const batches = Array.from({ length: count / size }, (_, n) => batchOf(events.slice(n * size, (n + 1) * size)));
  const arrivedAtLeast = async (wanted: number): Promise<void> => {
    for (let quiet = 0, before = arrived; arrived < wanted; quiet = arrived === before ? quiet + 1 : 0, before = arrived) {
      if (quiet > 30_000) throw new Error(`expected ${wanted} messages, got ${arrived}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  let cpuBefore = 0;
  for (const [n, batch] of batches.entries()) {
    await arrivedAtLeast((n - 1) * size * subscriptions);
    // The measurement starts when the server has sent everything before.
    if (n * size === warm) {
      await arrivedAtLeast(warm * subscriptions);
      cpuBefore = server.cpuMs();
    }
    await emitting.emit(batch);
  }
  await arrivedAtLeast(count * subscriptions);
  assert.ok(receivedEvents.every((each) => each === count));
  const counted = (count - warm) * subscriptions;
  return {
    perSecond: Math.round((counted * 1000) / (last - first)),
    serverMicros: Math.round(((server.cpuMs() - cpuBefore) * 10_000) / counted) / 10,
    clientBusy: Math.round(performance.eventLoopUtilization(began).utilization * 100) / 100,
  };
}

function chosen(event: BenchEvent | undefined): object {
  return { id: event?.id, event: event?.event, resource: { resourceId: event?.resource.id } };
}

/** The number of events in an encoded batch. */
function countIn(chunk: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = chunk.indexOf('"resource":', start); at >= 0 && at < end; at = chunk.indexOf('"resource":', at + 10)) count += 1;
  return count;
}
