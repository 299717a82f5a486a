// Measures finding the filters that an event matches, on real events. Compares with a loop over all
// filters:
//   npx tsx test/bench/matching.ts [maximum number of filters, 100000]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { readSettings } from '../../src/settings.ts';
import type { Position } from '../../src/event/cursor.ts';
import { fromDocument } from '../../src/event/document.ts';
import type { StoredEvent } from '../../src/event/event.ts';
import type { Condition } from '../../src/filter/filter.ts';
import type { Instant } from '../../src/event/instant.ts';
import { matches } from '../../src/filter/matches.ts';
import { parseFilter } from '../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../src/filter/parse/filter-input.ts';
import { validateEvent } from '../../src/event/validate.ts';
import { FilterMatcher } from '../../src/subscriptions/matching/filter-matcher.ts';

const maxFilters = Number(process.argv[2] ?? 100_000);
const limits = readSettings({});
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const lines = gunzipSync(readFileSync(join(import.meta.dirname, '../fixtures/github-2015-01-01.ndjson.gz')))
  .toString()
  .trimEnd()
  .split('\n');

/**
 * New copies of the sample's events: V8 hashes a string at its first lookup, as with new events.
 */
function sampleEvents(): readonly StoredEvent[] {
  return lines.map((line, index) => {
    const validation = validateEvent(fromDocument(JSON.parse(line) as Record<string, unknown>), [], limits);
    if ('problems' in validation) throw new Error(JSON.stringify(validation.problems));
    const { draft } = validation;
    const occurred = draft.occurred ?? ('' as Instant);
    return { ...draft, occurred, payload: draft.payload ?? {}, received: occurred, position: (index + 1) as Position };
  });
}

const sample = sampleEvents();
const distinct = (values: readonly (string | undefined)[]) => [...new Set(values)].filter((value) => value !== undefined);
const repositories = distinct(sample.map(({ resource }) => resource.id));
const prefixes = distinct(repositories.map((id) => id.slice(0, -1)));
const owners = distinct(sample.map(({ resource }) => resource.labels['github.owner']));
const names = distinct(sample.map(({ event }) => event));
const actors = distinct(sample.flatMap(({ related }) => related.filter(({ role }) => role === 'actor').map(({ id }) => id)));

/** The nth of the values; beyond their number, a value of the same form that no event has. */
const nth = (values: readonly string[], n: number): string => values[n] ?? `${values[n % values.length]}${n}`;

/** The nth filter of each population. */
const populations: Readonly<Record<string, (n: number) => EventFilterInput>> = {
  'a mix of selective filters': (n) => {
    const m = Math.floor(n / 4);
    const selective: readonly EventFilterInput[] = [
      { resource: { id: { in: [nth(repositories, m)] } } },
      { event: { in: [nth(names, m % names.length)] }, resource: { labels: [{ key: 'github.owner', in: [nth(owners, m)] }] } },
      { related: [{ id: { in: [nth(actors, m)] }, role: ['actor'] }] },
      { resource: { id: { startsWith: [nth(prefixes, m)] } } },
    ];
    return selective[n % 4]!;
  },
  'common names and labels that are distinct only together': (n) => ({
    event: { in: [names[n % names.length]!] },
    resource: { labels: [{ key: 'github.public', in: ['true'] }] },
    related: [{ role: ['actor'], labels: [{ key: 'prefect.resource.name', like: [`${nth(owners, n)}*`] }] }],
  }),
  'filters that the index cannot hold': (n) => ({ event: { notIn: ['github.push.pushed'] }, occurred: { since: at(n) } }),
};
const at = (n: number): string => new Date(Date.UTC(2015, 0, 1, 2) + n).toISOString();

console.table(
  Object.entries(populations).flatMap(([population, nthFilter]) =>
    [1000, 10_000, 100_000].filter((count) => count <= maxFilters).map((count) => measure(population, count, nthFilter)),
  ),
);

function measure(population: string, count: number, nthFilter: (n: number) => EventFilterInput): object {
  const filters = Array.from({ length: count }, (_, n) => parseFilter(nthFilter(n), [], limits));
  const before = heapUsed();
  const matcher = new FilterMatcher<number>();
  const adding = timed(() => filters.map((filter, n) => matcher.add(filter, n)));
  const bytes = heapUsed() - before;
  const { filterCounts: sizes } = matcher;
  const slow = sizes.none > 1000;
  // The first events warm up.
  const events = slow ? sampleEvents().slice(0, 200) : sampleEvents();
  const warm = Math.floor(events.length / 3);
  for (const event of events.slice(0, warm)) matcher.matching(event);
  let found = 0;
  const matching = timed(() => events.slice(warm).forEach((event) => (found += matcher.matching(event).length)));
  const some = events.slice(0, Math.ceil(3_000_000 / count));
  const naive = naively(filters, some);
  const indexed = some.reduce((sum, event) => sum + matcher.matching(event).flatMap(({ subscribers }) => [...subscribers]).length, 0);
  if (indexed !== naive.found) throw new Error(`the loop found ${naive.found}, the matcher ${indexed}`);
  const removing = timed(() => adding.result.forEach((remove) => remove()));
  const each = (ms: number, of: number): number => Number(((ms * 1000) / of).toFixed(2));
  return {
    population,
    filters: count,
    ...sizes,
    'µs/event': each(matching.ms, events.length - warm),
    'loop µs/event': each(naive.ms, some.length),
    'found/event': Number((found / (events.length - warm)).toFixed(2)),
    'add µs': each(adding.ms, count),
    'remove µs': each(removing.ms, count),
    'bytes/filter': Math.round(bytes / count),
  };
}

function naively(filters: readonly Condition[], events: readonly StoredEvent[]) {
  let found = 0;
  const { ms } = timed(() => {
    for (const event of events) for (const filter of filters) if (matches(filter, event)) found += 1;
  });
  return { ms, found };
}

function timed<T>(run: () => T): { readonly result: T; readonly ms: number } {
  const start = performance.now();
  const result = run();
  return { result, ms: performance.now() - start };
}

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
