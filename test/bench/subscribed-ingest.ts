// Measures emitting while selective subscriptions are open, of which almost none match. Compares
// with the documented Yoga recipe, which stores nothing, in the same run. Needs the build:
//   npx tsx test/bench/subscribed-ingest.ts [--embedded] [--rounds 3] [--contenders Tidings]
//     [--max-subscriptions 100000]
// Emits events of the sample in batches of 500, one after the other; 100 sockets share the
// subscriptions.
import { batchOf, startEmitting } from './load/emitting.ts';
import { benchOptions, median, printMeasured } from './load/program.ts';
import { sampleEvents } from './load/sample.ts';
import { selectiveFilters } from './load/selective-filters.ts';
import { startDatabases, startServer, type Contender, type Databases } from './load/servers.ts';
import { openSubscribers } from './load/subscribers.ts';

const options = benchOptions(3);
const levels = [0, 1000, 10_000, 100_000];
/**
 * Events per measurement at each level. Where every filter is tested on every event, few suffice.
 */
const counts: Readonly<Partial<Record<Contender, readonly number[]>>> = {
  Tidings: [10_000, 10_000, 10_000, 10_000],
  'Yoga recipe': [10_000, 500, 100, 10],
};
const filterAt = selectiveFilters(sampleEvents(15_129, 'any'));
const query = 'subscription ($filter: EventFilter) { events(filter: $filter) { id event resource { resourceId } } }';

await using databases = await startDatabases(options.database);
console.log(databases.version);
const contenders = options.contenders.filter((each) => each in counts);
const rates = new Map<string, Rate[]>();
for (let round = 0; round < options.rounds; round += 1) {
  for (const contender of contenders) await measure(databases, contender);
}
console.table(
  levels
    .filter((level) => level <= options.maxSubscriptions)
    .map((subscriptions) => ({
      subscriptions,
      ...Object.fromEntries(
        contenders.flatMap((contender) => {
          const found = rates.get(`${contender}|${subscriptions}`) ?? [];
          return [
            [contender, Math.round(median(found.map(({ perSecond }) => perSecond)))],
            [`${contender} µs`, Math.round(median(found.map(({ serverMicros }) => serverMicros)))],
          ];
        }),
      ),
    })),
);

interface Rate {
  /** Events per second, and the server's processor time per event, in microseconds. */
  readonly perSecond: number;
  readonly serverMicros: number;
}

/** Measures one server with an increasing number of subscriptions. */
async function measure(from: Databases, contender: Contender): Promise<void> {
  const environment = contender === 'Tidings' ? await from.fresh() : {};
  await using server = await startServer(contender, { environment });
  using emitting = startEmitting(server.url, { kept: 1 });
  using subscribers = await openSubscribers({ url: server.url, sockets: 100 });
  const emit = async (count: number, run: string): Promise<number> => {
    const events = sampleEvents(count, run);
    const size = Math.min(500, count);
    const batches = Array.from({ length: count / size }, (_, n) => batchOf(events.slice(n * size, (n + 1) * size)));
    const began = performance.now();
    for (const batch of batches) await emitting.emit(batch);
    return (count * 1000) / (performance.now() - began);
  };
  await emit(5000, 'warm');
  for (const [level, subscriptions] of levels.entries()) {
    if (subscriptions > options.maxSubscriptions) break;
    const opening = performance.now();
    const more = Array.from({ length: subscriptions - subscribers.counts.length }, (_, n) => subscribers.counts.length + n);
    await subscribers.open(more.map((n) => ({ query, variables: { filter: filterAt(n) } })));
    const opened = (performance.now() - opening) / 1000;
    const before = subscribers.total;
    const count = counts[contender]![level]!;
    if (count > 1000) await emit(1000, `warm-${subscriptions}`);
    const cpuBefore = server.cpuMs();
    const perSecond = await emit(count, `level-${subscriptions}`);
    const serverMicros = Math.round(((server.cpuMs() - cpuBefore) * 1000) / count);
    const key = `${contender}|${subscriptions}`;
    rates.set(key, [...(rates.get(key) ?? []), { perSecond, serverMicros }]);
    const [messages, openSeconds] = [subscribers.total - before, Math.round(opened)];
    printMeasured(key, { perSecond: Math.round(perSecond), serverMicros, messages, openSeconds });
  }
}
