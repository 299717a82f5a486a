// Measures the server's memory per connection and subscription. Compares with the documented Yoga
// recipe and raw ws in the same run. Needs the build:
//   npx tsx test/bench/memory.ts [--embedded] [--contenders Tidings]
//     [--only equal] [--sites] [--snapshots FOLDER]
// Prints bytes after garbage collection. `heap` is V8's heap and external buffers, `rss` the
// resident memory of the process (without the kernel's socket buffers). `--sites` prints the calls
// that allocated the retained memory. `--snapshots` writes heap snapshots from before and after for
// a browser's tools.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { largestSites } from './load/allocation-sites.ts';
import { batchOf, numberedEvents, startEmitting } from './load/emitting.ts';
import { benchOptions } from './load/program.ts';
import { sampleEvents } from './load/sample.ts';
import { selectiveFilters } from './load/selective-filters.ts';
import { startDatabases, startServer, type Contender, type Memory, type Server } from './load/servers.ts';
import { openSubscribers, type Operation } from './load/subscribers.ts';

const options = benchOptions(1);

interface Case {
  readonly name: string;
  readonly sockets: number;
  readonly operations: readonly Operation[];
  /** If all subscriptions match an event, memory is measured again after each received one. */
  readonly delivers: boolean;
  readonly contenders: readonly Contender[];
}

const selection = '{ id event resource { resourceId } }';
const query = `subscription ($filter: EventFilter) { events(filter: $filter) ${selection} }`;
const filterAt = selectiveFilters(sampleEvents(15_129, 'any'));
const subscriptions = Math.min(10_000, options.maxSubscriptions);
const repeated = (operation: Operation): readonly Operation[] => Array.from({ length: subscriptions }, () => operation);
const filter = { related: [{ role: ['deployment'] }] };
const streamed = `subscription { eventStream { ... on EventBatch { events ${selection} } } }`;
const allContenders: readonly Contender[] = ['Tidings', 'Yoga recipe', 'corked ws'];
const graphql: readonly Contender[] = ['Tidings', 'Yoga recipe'];
const distinct = Array.from({ length: subscriptions }, (_, n) => ({ query, variables: { filter: filterAt(n) } }));
const cases: readonly Case[] = [
  { name: 'idle connections', sockets: 5000, operations: [], delivers: false, contenders: allContenders },
  {
    name: 'equal subscriptions',
    sockets: 10,
    operations: repeated({ query: `subscription { events ${selection} }` }),
    delivers: true,
    contenders: allContenders,
  },
  { name: 'equal filters', sockets: 10, operations: repeated({ query, variables: { filter } }), delivers: true, contenders: graphql },
  { name: 'equal streams', sockets: 10, operations: repeated({ query: streamed }), delivers: true, contenders: ['Tidings'] },
  { name: 'distinct filters', sockets: 10, operations: distinct, delivers: false, contenders: graphql },
];

await using databases = await startDatabases(options.database);
console.log(databases.version);
const rows: object[] = [];
for (const each of cases.filter(({ name }) => name.includes(options.only))) {
  for (const contender of each.contenders.filter((name) => options.contenders.includes(name))) {
    const row = { case: each.name, contender, ...(await measure(contender, each)) };
    rows.push(row);
    console.log(row);
  }
}
console.table(rows);

async function measure(contender: Contender, { name, sockets, operations, delivers }: Case): Promise<object> {
  const environment = { TIDINGS_MAX_SUBSCRIPTIONS: '1000', ...(contender === 'Tidings' ? await databases.fresh() : {}) };
  await using server = await startServer(contender, { environment, measured: true });
  using emitting = startEmitting(server.url, { kept: 0 });
  const [first, second] = numberedEvents(2, 'memory');
  // Code that is loaded, compiled and cached at first use belongs to no subscription.
  using warm = await openSubscribers({ url: server.url, sockets: 10 });
  await warm.open(operations.slice(0, 100));
  await emitting.emit(batchOf([first!]));
  await pause(500);
  using subscribers = await openSubscribers({ url: server.url, sockets: operations.length === 0 ? 0 : sockets });
  const before = await server.memory();
  await writeSnapshot(server, `${name}-before`);
  if (options.printsSites) await server.beginSites();
  const opened = operations.length === 0 ? await openSubscribers({ url: server.url, sockets }) : null;
  await subscribers.open(operations);
  const count = operations.length || sockets;
  const after = await server.memory();
  await writeSnapshot(server, `${name}-after`);
  if (options.printsSites)
    console.log(
      largestSites(await server.sites(), count)
        .map((site) => Object.values(site).join(' '))
        .join('\n'),
    );
  let delivered: Memory | null = null;
  if (delivers) {
    await emitting.emit(batchOf([second!]));
    while (subscribers.total < count) await pause(5);
    delivered = await server.memory();
  }
  opened?.[Symbol.dispose]();
  return {
    count,
    ...difference('', before, after, count),
    ...(delivered === null ? {} : difference(' after an event', before, delivered, count)),
  };
}

function difference(when: string, before: Memory, after: Memory, count: number): object {
  const each = (of: (memory: Memory) => number): number => Math.round((of(after) - of(before)) / count);
  return { [`heap${when}`]: each(({ heapUsed, external }) => heapUsed + external), [`rss${when}`]: each(({ rss }) => rss) };
}

async function writeSnapshot(server: Server, name: string): Promise<void> {
  if (options.snapshots !== null) await server.snapshot(join(options.snapshots, `${name.replaceAll(' ', '-')}.heapsnapshot`));
}
