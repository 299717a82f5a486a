import { unbounded } from '../../src/store/database/read-budget.ts';
import type { EventOrder } from '../../src/event/cursor.ts';
import { parseFilter } from '../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../src/filter/parse/filter-input.ts';
import { readSettings } from '../../src/settings.ts';
import { readHead } from '../../src/store/log/log-head.ts';
import { openStore } from '../../src/store/open-store.ts';
import { countEvents, readPages } from '../../src/store/queries/pages.ts';
import { searchMemoryOf } from '../../src/store/queries/search-memory.ts';
import { fill } from './load/filling.ts';
import { workload } from './load/workload.ts';

// Measures first pages by each kind of filter and in each order, and counts up to 10,000, in the
// store alone:
//   DATABASE_URL=postgres://… npx tsx test/bench/queries.ts [events, 1000000]
//     [only cases whose name contains this] [partitions, 1]
// Fills an empty database with the workload, in so many partitions of the log. Prints milliseconds,
// medians of 9: of pages and counts without memory of earlier searches, and with it (`again`), on a
// connection that keeps the statements of these filters, as one of a running server does.
// peers/reads.ts compares the server with PostGraphile and SQL.
const count = Number(process.argv[2] ?? 1_000_000);
const only = process.argv[3] ?? '';
const partitions = Number(process.argv[4] ?? 1);
/** Statements are kept from their third repetition, and planned without values five repetitions later. */
const unmeasured = 12;
const settings = readSettings(process.env);
await using store = await openStore(settings);
const { database } = store;

if ((await readHead(database)) === 0) await fill(database, { count, partitions, settings });
const head = await readHead(database);
const middle = middleOf(count) as { id: string; resource: { id: string }; related: { id: string }[] };
const states = ['Scheduled', 'Pending', 'Running', 'Completed', 'Failed', 'Crashed', 'Cancelled'];

const region = (test: object): EventFilterInput => ({ resource: { labels: [{ key: 'region', ...test }] } });
const cases: readonly (readonly [string, EventFilterInput])[] = [
  ['everything', {}],
  ['id', { id: [middle.id] }],
  ['id absent', { id: ['nowhere'] }],
  ['name common', { event: { in: ['prefect.flow-run.Completed'] } }],
  ['name medium', { event: { in: states.map((state) => `medium.job.${state}`) } }],
  ['name rare', { event: { in: states.map((state) => `rare.job.${state}`) } }],
  ['name only old', { event: { in: ['old.job.Completed'] } }],
  ['name absent', { event: { in: ['none.such'] } }],
  ['resource rare', { resource: { id: { in: [middle.resource.id] } } }],
  ['resource medium', { resource: { id: { in: ['medium.job.1'] } } }],
  ['resource only old', { resource: { id: { in: ['old.job.1'] } } }],
  ['resource absent', { resource: { id: { in: ['none'] } } }],
  ['label common', region({ in: ['eu-west-1'] })],
  ['label medium', region({ in: ['medium-region-1'] })],
  ['label rare', region({ in: ['rare-region-1'] })],
  ['label only old', region({ in: ['old-region-1'] })],
  ['label absent', region({ in: ['nowhere'] })],
  ['role and id common', { related: [{ role: ['flow'], id: { in: [middle.related[0]!.id] } }] }],
  ['role and id medium', { related: [{ role: ['medium-owner'], id: { in: ['medium.owner.1'] } }] }],
  ['role and id rare', { related: [{ role: ['rare-owner'], id: { in: ['rare.owner.1'] } }] }],
  ['role and id only old', { related: [{ role: ['old-owner'], id: { in: ['old.owner.1'] } }] }],
  ['role and id never together', { related: [{ role: ['flow'], id: { in: [middle.related[1]!.id] } }] }],
  ['prefix common', { event: { startsWith: ['prefect.flow-run.C'] } }],
  ['prefix medium', { event: { startsWith: ['medium.jo'] } }],
  ['prefix rare', { resource: { id: { startsWith: ['rare.'] } } }],
  ['prefix of one id', { resource: { id: { startsWith: [middle.resource.id.slice(0, 30)] } } }],
  ['prefix only old', { resource: { id: { startsWith: ['old.job'] } } }],
  ['prefix absent', { resource: { id: { startsWith: ['prefect.flow-run.zzzz'] } } }],
  ['glob eu-* common', region({ like: ['eu-*'] })],
  ['glob *-west-? common', region({ like: ['*-west-?'] })],
  ['glob *medium-reg* medium', region({ like: ['*medium-reg*'] })],
  ['glob *rare-region* rare', region({ like: ['*rare-region*'] })],
  ['glob *old-region* only old', region({ like: ['*old-region*'] })],
  ['glob *northwards* absent', region({ like: ['*northwards*'] })],
  ['glob *qqq* absent', region({ like: ['*qqq*'] })],
  ['text common', { text: 'completed' }],
  ['text rare', { text: 'rarethings' }],
  ['text only old', { text: '"SAID BY OLDTHINGS"' }],
  ['text absent', { text: 'nowhere-to-be-found' }],
  ['text part of a UUID', { text: middle.id.slice(4, 16) }],
  ['payload common', { payload: [{ path: 'validated_state.name', eq: 'Completed' }] }],
  ['payload rare', { payload: [{ path: 'ticket', eq: 'rare-4711' }] }],
  ['payload only old', { payload: [{ path: 'ticket', eq: 'old-4711' }] }],
  ['payload absent', { payload: [{ path: 'ticket', eq: 'nope' }] }],
  [
    'two common, never together',
    { event: { in: ['prefect.flow-run.Completed'] }, payload: [{ path: 'validated_state.name', eq: 'Running' }] },
  ],
  [
    'two common, 20 times together',
    { event: { in: ['prefect.flow-run.Completed'] }, payload: [{ path: 'validated_state.name', eq: 'Pending' }] },
  ],
];
const everyEvent = { scope: 'EVERYTHING', keys: [''] } as const;
const orders: readonly EventOrder[] = ['NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'];

console.log(
  [
    'case'.padEnd(30),
    ...orders.map((order) => order.padStart(13) + 'again'.padStart(7)),
    'count'.padStart(10),
    'again'.padStart(7),
    '  found',
  ].join(''),
);
for (const [name, input] of cases.filter(([each]) => each.includes(only))) {
  const filter = parseFilter(input, ['filter'], settings);
  const cells: string[] = [];
  let found = 0;
  for (const order of orders) {
    const read = async (): Promise<void> => {
      const request = { filter, order, head, limit: 50, backward: false } as const;
      found = (await readPages(database, request, { ...everyEvent, budget: unbounded }))[0]!.events.length;
    };
    cells.push((await median(first(read))).padStart(13), (await median(read)).padStart(7));
  }
  let counted = 0;
  const countAll = async (): Promise<void> => {
    [counted = 0] = await countEvents(database, { filter, order: 'LOG', head, max: 10_000 }, everyEvent);
  };
  cells.push((await median(first(countAll))).padStart(10), (await median(countAll)).padStart(7));
  console.log(name.padEnd(30), ...cells, `  ${found}, ${counted}`);
}

/** Without memory of earlier searches. */
function first(read: () => Promise<void>): () => Promise<void> {
  return () => {
    for (const memory of Object.values(searchMemoryOf(database))) memory.clear();
    return read();
  };
}

function middleOf(total: number): unknown {
  let left = Math.floor(total / 2) + 3;
  for (const event of workload(total)) if (left-- === 0) return event;
  throw new Error('too few events');
}

async function median(run: () => Promise<void>): Promise<string> {
  for (let round = 0; round < unmeasured; round += 1) await run();
  const times: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const began = performance.now();
    await run();
    times.push(performance.now() - began);
  }
  return times.toSorted((a, b) => a - b)[4]!.toFixed(1);
}
