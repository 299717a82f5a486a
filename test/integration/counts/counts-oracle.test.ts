import * as fc from 'fast-check';
import { numberOf } from '../../../src/json/exact-number.ts';
import { expect, test } from 'vitest';
import { bucketsOf, type CountBucket } from '../../../src/counts/buckets.ts';
import { parseCountBy, type CountByInput } from '../../../src/counts/dimensions.ts';
import { bucketKeys } from '../../../src/counts/bucket-keys.ts';
import { instantOf } from '../../../src/event/instant.ts';
import { CountTable, groupStats, type Group } from '../../../src/counts/count-table.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { occurredBounds, type TimeBounds } from '../../../src/filter/time-bounds.ts';
import { readCounts } from '../../../src/store/counts/count-events.ts';
import { readLargestCounts } from '../../../src/store/counts/largest-counts.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { oracleStart, type OracleUnit } from '../../support/oracles/calendar-oracle.ts';
import { byKeys, oracleCounts, type OracleBucket, type OracleDimension } from '../../support/oracles/counts-oracle.ts';
import { anyFilter } from '../../support/oracles/random-filters.ts';
import { logOf, randomEvents } from '../../support/oracles/random-log.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();
// TIDINGS_COUNTS is the number of questions.
const questions = Number(process.env['TIDINGS_COUNTS'] ?? 40);
const stored = 250;

const second = (from: string, to: string) =>
  fc.integer({ min: Date.parse(from) / 1000, max: Date.parse(to) / 1000 }).map((at) => new Date(at * 1000).toISOString().slice(0, 19));
/**
 * Times in all years, mostly near changes of the clocks in 2026, with and without fractions of a
 * second.
 */
const time = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: second('2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z') },
      { weight: 4, arbitrary: second('2026-10-24T12:00:00Z', '2026-10-25T12:00:00Z') },
      { weight: 2, arbitrary: second('2026-04-04T00:00:00Z', '2026-04-05T12:00:00Z') },
      { weight: 2, arbitrary: second('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z') },
      { weight: 1, arbitrary: second('1980-01-01T00:00:00Z', '2040-01-01T00:00:00Z') },
      { weight: 1, arbitrary: second('0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z') },
      { weight: 1, arbitrary: fc.constantFrom('0000-01-01T00:00:00', '9999-12-31T23:59:59') },
    ),
    fc.constantFrom('', '.000001', '.999999', '.5'),
  )
  .map(([at, fraction]) => `${at}${fraction}Z`);

const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Santiago');
const unit = fc.constantFrom('SECOND', 'MINUTE', 'HOUR', 'HOUR', 'DAY', 'DAY', 'WEEK', 'MONTH', 'YEAR');
const timed: fc.Arbitrary<OracleDimension> = fc
  .record({ unit, every: fc.constantFrom(1, 1, 1, 2, 3, 7, 15), timeZone: zone })
  .map((time) => ({ time: time as OracleUnit }));
/**
 * Payload values that columns can store, beside the random ones: few scalars, in objects, and
 * sometimes an object in place of one.
 */
const scalar = fc.constantFrom<unknown>('x', '1', 1, true, null, -0, 'é', 2 ** 53, numberOf('9007199254740993'));
const scalars = fc.sample(
  fc.record(
    { s: scalar, o: fc.record({ x: scalar, '0': scalar }, { requiredKeys: [] }), m: fc.constantFrom<unknown>(null, { x: 'y' }, {}) },
    { requiredKeys: [] },
  ),
  { seed, numRuns: stored },
);
const paths = fc.constantFrom(
  ['s'],
  ['s'],
  ['o', 'x'],
  ['o', '0'],
  ['m', 'x'],
  ['m'],
  ['o'],
  ['o', 'gone'],
  ['s', 'x'],
  ['a', '0'],
  ['gone'],
);
const payloads = fc
  .tuple(paths, fc.uniqueArray(scalar, { minLength: 1, maxLength: 2 }), fc.constantFrom('eq', 'in', 'exists', 'gte', 'lt'))
  .map(([keys, values, operator]) => ({
    path: keys.join('.'),
    [operator]: operator === 'in' ? values : operator === 'exists' ? values[0] === 'x' : values[0],
  }));
const segments = fc.constantFrom(null, 1, 2, undefined);
const untimed: fc.Arbitrary<OracleDimension> = fc.oneof(
  segments.map((some) => ({ event: some === undefined ? {} : { segments: some } })),
  segments.map((some) => ({ resource: some === undefined ? {} : { segments: some } })),
  fc
    .constantFrom('k', 'k.x', '💌', 'prefect.resource.id', 'prefect.resource.name', 'prefect.resource.role')
    .map((key) => ({ label: { key } })),
  fc.constantFrom('a', 'actor', '%', 'absent').map((role) => ({ role: { role } })),
  fc
    .oneof(paths, fc.constantFrom(['a'], ['a', '0'], ['a', 'b'], ['0'], ['b']))
    .map((keys) => ({ payload: { path: keys.join('.'), keys } })),
);
const by = fc
  .tuple(
    fc.option(timed),
    fc.uniqueArray(untimed, { maxLength: 3, selector: (each) => JSON.stringify(parseCountBy([each as CountByInput], ['by'])) }),
    fc.nat(3),
  )
  .filter(([some, others]) => some !== null || others.length > 0)
  .map(([some, others, at]) => (some === null ? others : others.toSpliced(at, 0, some)));
const bounds = fc
  .tuple(
    fc.option(fc.constantFrom('2026-03-28T22:10:00Z', '2026-10-24T22:00:00Z', '2026-01-01T00:00:00Z')),
    fc.option(fc.constantFrom('2026-03-29T11:00:00Z', '2026-10-25T03:00:00.000001Z', '2026-04-05T00:00:00Z')),
  )
  .map(([since, until]) => ({ occurred: { since, until } }));
const some = (...values: readonly string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 });
const roles = some('a', 'actor', '%', 'absent');
const ids = some('a', 'b', 'a.b', 'a%', '💌');
const labels = fc
  .record({
    key: fc.constantFrom('k', 'k.x', '💌', 'prefect.name', 'prefect.resource.name', 'prefect.resource.role'),
    values: some('a', 'b', '', '%'),
  })
  .chain(({ key, values }) => fc.constantFrom({ key, exists: true }, { key, in: values }, { key, notIn: values }, { key, like: ['*'] }));
/** Filters that columns can decide, also several columns together. */
const columnFilter = fc.oneof(
  fc.record({ role: roles }).map((related) => ({ related: [related] })),
  fc.record({ role: roles, id: ids.map((list) => ({ in: list })) }).map((related) => ({ related: [related] })),
  fc.record({ role: roles, id: ids.map((list) => ({ notIn: list })) }).map((related) => ({ related: [related, { role: ['a'] }] })),
  labels.map((label) => ({ resource: { labels: [label] } })),
  fc.tuple(labels, roles).map(([label, role]) => ({ or: [{ resource: { labels: [label] } }, { related: [{ role }] }] })),
  fc.tuple(labels, ids).map(([label, list]) => ({ not: { resource: { labels: [label], id: { in: list } } } })),
  ids.map((list) => ({ related: [{ id: { in: list } }] })),
  ids.map((list) => ({ anyResource: [{ id: { in: list } }] })),
  fc.tuple(ids, ids).map(([list, other]) => ({ not: { related: [{ id: { in: list } }] }, anyResource: [{ id: { notIn: other } }] })),
  fc.constantFrom('a', 'b').map((prefix) => ({ not: { anyResource: [{ id: { startsWith: [prefix] } }] } })),
  payloads.map((payload) => ({ payload: [payload] })),
  fc.tuple(payloads, payloads).map((both) => ({ payload: both })),
  fc.tuple(payloads, labels).map(([payload, label]) => ({ or: [{ payload: [payload] }, { resource: { labels: [label] } }] })),
  payloads.map((payload) => ({ not: { payload: [payload] } })),
  fc.tuple(roles, roles, ids).map(([role, other, list]) => ({
    or: [{ related: [{ role }] }, { related: [{ role: other, id: { notIn: list } }] }],
  })),
);
const question = fc.record({
  by,
  filter: fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 3, arbitrary: bounds },
    { weight: 2, arbitrary: anyFilter },
    { weight: 3, arbitrary: columnFilter },
    { weight: 1, arbitrary: fc.tuple(columnFilter, bounds, columnFilter).map((all) => ({ and: all })) },
    { weight: 2, arbitrary: fc.tuple(anyFilter, bounds).map((both) => ({ and: both })) },
    { weight: 1, arbitrary: fc.array(fc.nat(stored), { maxLength: 40 }).map((some) => ({ id: some.map((n) => `e${n}`) })) },
  ),
  first: fc.constantFrom(1, 3, 20, 1000, 10_000),
});

test(
  'counts equal those of counting event by event: by every dimension, in every time zone, indexed or not',
  async () => {
    await using log = await logOf(
      randomEvents({ seed, count: stored }, time, (event, n) => ({ payload: { ...event.payload, ...scalars[n] } })),
    );
    const { settings, database, events, head } = log;
    let [informative, filled, wide, divided] = [0, 0, 0, 0];
    for (const [round, indexed] of [0, 100, 230].entries()) {
      await indexEvents(database, events.slice([0, 0, 100][round], indexed), { block: 8, rowGroup: 40 });
      for (const sampled of fc.sample(question, { seed: seed + round, numRuns: questions })) {
        const description = `round ${round}, ${JSON.stringify(sampled)}`;
        const filter = parseFilter(sampled.filter, ['filter'], settings);
        const dimensions = parseCountBy(sampled.by as readonly CountByInput[], ['by']);
        const matching = events.filter((event) => matches(filter, event));
        const wanted = oracleCounts(matching, sampled.by);
        if (wanted.length > 1) informative += 1;

        const table = await readCounts(database, { filter, dimensions, head }, { initialBlocks: 1 + (sampled.first % 4) });
        expect(table.total, description).toBe(matching.length);
        expect(oracleBuckets(table.all()), description).toEqual(wanted);
        // A small log counts as rare and is scanned: this count reads columns.
        const byColumns = await readCounts(database, { filter, dimensions, head }, { maxRareEvents: 0, initialBlocks: 2 });
        expect(byColumns.total, description).toBe(matching.length);
        expect(oracleBuckets(byColumns.all()), description).toEqual(wanted);

        const inMemory = new CountTable();
        for (const event of matching) {
          const { occurred } = event;
          for (const keys of bucketKeys(dimensions, event)) inMemory.add(keys, groupStats(1, occurred, occurred));
        }
        expect(oracleBuckets(inMemory.all()), description).toEqual(wanted);

        const request = { dimensions, bounds: occurredBounds(filter), first: 10_000 } as const;
        const how = sampled.by.find((each) => 'time' in each)?.time;
        const mostFirst = wanted.toSorted((a, b) => b.count - a.count || byKeys(a, b));
        const top = bucketsOf(table, { ...request, order: 'MOST_FIRST', first: sampled.first });
        expectSame(top.buckets.map(withoutBounds), mostFirst.slice(0, sampled.first), description);
        const parts = await readLargestCounts(database, { filter, dimensions, head }, { first: sampled.first, maxGroups: 40 });
        expectSame(bucketsOf(parts, { ...request, order: 'MOST_FIRST', first: sampled.first }), top, description);
        if (parts.omitted > 0) divided += 1;
        expect([top.truncated, top.zeroFilled], description).toEqual([wanted.length > sampled.first, how === undefined]);

        const all = bucketsOf(table, { ...request, order: 'KEY' });
        expect(all.truncated, description).toBe(false);
        expectSame(all.buckets.filter(({ count }) => count > 0).map(withoutBounds), wanted, description);
        const some = bucketsOf(table, { ...request, order: 'KEY', first: sampled.first });
        const cut = { ...all, buckets: all.buckets.slice(0, sampled.first), truncated: all.buckets.length > sampled.first };
        expectSame(some, cut, description);
        if (all.zeroFilled && how !== undefined && wanted.length > 1) filled += 1;
        if (!all.zeroFilled) {
          wide += 1;
          expect(all.buckets, description).toHaveLength(wanted.length);
          expect(mostBuckets(wanted, sampled.by, request.bounds), description).toBeGreaterThan(10_000);
        }
        if (how === undefined || all.buckets.length > 2000) continue; // testing thousands of buckets would take long
        expectSame(all.buckets.toSorted(byKeys), all.buckets, description);
        expectIntervals(all.buckets, how, description);
        const at = sampled.by.findIndex((each) => 'time' in each);
        if (all.zeroFilled) expectFilled(all.buckets, { at, ...request.bounds }, description);
      }
    }
    console.log(`counts: ${3 * questions} questions, ${informative} with several buckets, ${filled} zero-filled, ${wide} too wide for it`);
    expect(informative).toBeGreaterThan(questions);
    expect(Math.min(filled, wide, divided)).toBeGreaterThan(questions / 20);
  },
  60_000 + questions * 1000,
);

/** Compares as JSON, which is fast for thousands of buckets; if different, shows the difference. */
function expectSame(found: unknown, wanted: unknown, description: string): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) expect(found, description).toEqual(wanted);
}

/**
 * Upper bound of the number of zero-filled buckets, with each interval as short as its unit can be.
 */
function mostBuckets(wanted: readonly OracleBucket[], by: readonly OracleDimension[], bounds: TimeBounds): number {
  const at = by.findIndex((each) => 'time' in each);
  const { unit, every } = (by[at] as { time: OracleUnit }).time;
  const times = wanted.flatMap(({ firstOccurred, lastOccurred }) => [firstOccurred, lastOccurred]).toSorted();
  const [from, to] = [bounds.since ?? times[0], bounds.until ?? times.at(-1)];
  if (from === undefined || to === undefined) return 0;
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  const changes = 4 * (seconds / 86_400 / 365 + 1);
  const series = new Set(wanted.map(({ keys }) => JSON.stringify(keys.toSpliced(at, 1)))).size;
  return (seconds / shortestUnits[unit] / every + changes + 2) * Math.max(series, by.length === 1 ? 1 : 0);
}

const shortestUnits = { SECOND: 1, MINUTE: 60, HOUR: 3600, DAY: 82_800, WEEK: 601_200, MONTH: 2_415_600, YEAR: 31_532_400 } as const;

/** Starts and ends are those of the definition, tested for some buckets. */
function expectIntervals(buckets: readonly CountBucket[], how: OracleUnit, description: string): void {
  const ends = new Map(buckets.map(({ start, end }) => [start!, end]));
  const step = Math.ceil(ends.size / 20);
  for (const [start, end] of [...ends].filter((_, index) => index % step === 0)) {
    if (end === null) continue;
    expect(oracleStart(secondOf(end), how), description).toBe(secondOf(end));
    if (!start.startsWith('0000-01-01T00:00')) expect(oracleStart(secondOf(end) - 1, how), description).toBe(secondOf(start));
  }
}

/** Intervals follow one another from bound to bound, each with all other keys that occur in any. */
function expectFilled(
  buckets: readonly CountBucket[],
  { at, since, until }: TimeBounds & { readonly at: number },
  description: string,
): void {
  const ends = new Map(buckets.map(({ start, end }) => [start!, end]));
  const starts = [...ends.keys()].toSorted();
  expect(
    starts.slice(0, -1).map((start) => ends.get(start)),
    description,
  ).toEqual(starts.slice(1));
  const others = new Set(buckets.map(({ keys }) => JSON.stringify(keys.toSpliced(at, 1))));
  expect(buckets, description).toHaveLength(starts.length * others.size);
  const occurrences = buckets.flatMap(({ firstOccurred, lastOccurred }) => [firstOccurred ?? [], lastOccurred ?? []].flat()).toSorted();
  const [low, high] = [since ?? occurrences[0], until ?? occurrences.at(-1)];
  if (starts.length === 0 || low === undefined || high === undefined) return;
  expect(starts[0]! <= low && (ends.get(starts[0]!) ?? '~') > low, description).toBe(true);
  const [last, end] = [starts.at(-1)!, ends.get(starts.at(-1)!) ?? '~'];
  expect(until === undefined ? last <= high && end > high : last < high && end >= high, description).toBe(true);
}

function oracleBuckets(groups: readonly Group[]): readonly OracleBucket[] {
  const text = (start: number): string =>
    start < Date.parse('0000-01-01T00:00:00Z') / 1000
      ? '0000-01-01T00:00:00.000000Z'
      : new Date(start * 1000).toISOString().replace('.000Z', '.000000Z');
  return groups
    .map(({ count, keys, ...stats }) => ({
      count,
      firstOccurred: instantOf(stats.firstSecond, stats.firstMicros),
      lastOccurred: instantOf(stats.lastSecond, stats.lastMicros),
      keys: keys.map((key) => (typeof key === 'number' ? text(key) : key)),
    }))
    .toSorted(byKeys);
}

function withoutBounds({ keys, count, firstOccurred, lastOccurred }: CountBucket) {
  return { keys, count, firstOccurred, lastOccurred };
}

function secondOf(text: string): number {
  return Math.floor(Date.parse(text) / 1000);
}
