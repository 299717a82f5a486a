import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import type { Position } from '../../../src/event/cursor.ts';
import { runToEnd } from '../../../src/json/run-to-end.ts';
import { createRowGroupBuilder } from '../../../src/skip-index/row-group.ts';
import type { BlockSummary } from '../../../src/skip-index/block-summary.ts';
import { pruningPredicateOf } from '../../../src/skip-index/prune-filter.ts';
import { prunesNothing, mayMatch } from '../../../src/skip-index/pruning-predicate.ts';
import type { StoredEvent, EventCandidate } from '../../../src/event/event.ts';
import type { Instant } from '../../../src/event/instant.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { validateEvent } from '../../../src/event/validate.ts';
import { anyEvent, anyFilter } from '../../support/oracles/random-filters.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const settings = readSettings({});
const seed = testSeed();

test('no event that matches a filter is in a block whose summary does not pass', () => {
  const events = fc.sample(anyEvent, { seed, numRuns: 240 }).map((event, n) => stored({ ...event, id: `e${n}` }, n + 1));
  const summaries = Array.from({ length: 60 }, (_, n) => summariesOf(events.slice(n * 4, n * 4 + 4))).flat();
  let pruning = 0;
  let passed = 0;
  for (const input of fc.sample(anyFilter, { seed, numRuns: 3000 })) {
    const filter = parseFilter(input, ['filter'], settings);
    const predicate = pruningPredicateOf(filter);
    const candidates = summaries.filter((summary) => mayMatch(predicate, summary));
    const missed = events.filter((event) => matches(filter, event) && !candidates.some((summary) => covers(summary, event)));
    expect(missed, `filter ${JSON.stringify(input)}`).toEqual([]);
    if (!prunesNothing(predicate)) pruning += 1;
    passed += candidates.length;
  }
  console.log(
    `block summaries: ${pruning} of 3000 filters prune, ${((100 * passed) / 3000 / summaries.length).toFixed(0)} % of summaries pass`,
  );
  expect(pruning).toBeGreaterThan(1000);
});

const candidate: EventCandidate = {
  id: 'x',
  event: 'acme.order.shipped',
  occurred: '2026-01-01T00:00:00Z',
  resource: { id: 'acme.order.4711', labels: { region: 'eu-west-1', 'prefect.name': 'Order 4711' } },
  related: [
    { id: 'acme.user.kiki', role: 'actor', labels: { team: 'Straße' } },
    { id: 'acme.user.koko', role: 'owner' },
    { id: 'acme.shop.1', role: 'seller' },
  ],
  payload: { deep: [{ note: 'Über-cool' }, 42], flag: true, nothing: null },
};

test('a block is added in steps of one event', () => {
  const block = Array.from({ length: 64 }, (_, n) => stored({ ...candidate, id: `x${n}` }, n + 1));
  expect([...createRowGroupBuilder().add(block)]).toHaveLength(128);
});

describe('a block without a match is skipped', () => {
  const [summary] = summariesOf(Array.from({ length: 64 }, (_, n) => stored({ ...candidate, id: `x${n}` }, n + 1)));
  test.each<[string, EventFilterInput, EventFilterInput]>([
    ['a glob of names', { event: { like: ['acme.*.shipped'] } }, { event: { like: ['acme.*.paid'] } }],
    ['a glob of names with a beginning', { event: { like: ['acme.ord*'] } }, { event: { like: ['acme.orx*'] } }],
    ['a prefix of a name', { event: { startsWith: ['acme.ord'] } }, { event: { startsWith: ['acme.orx'] } }],
    ['a glob of ids', { resource: { id: { like: ['*4711'] } } }, { resource: { id: { like: ['*4712'] } } }],
    ['a glob of related ids', { related: [{ id: { like: ['acme.user.k?ki'] } }] }, { related: [{ id: { like: ['acme.urn.k?ki'] } }] }],
    ['a prefix of an id', { resource: { id: { startsWith: ['acme.order.47'] } } }, { resource: { id: { startsWith: ['acme.order.4x'] } } }],
    [
      'a label that exists',
      { resource: { labels: [{ key: 'region', exists: true }] } },
      { resource: { labels: [{ key: 'zone', exists: true }] } },
    ],
    [
      'a glob with a prefix',
      { resource: { labels: [{ key: 'region', like: ['eu-*'] }] } },
      { resource: { labels: [{ key: 'region', like: ['us-*'] }] } },
    ],
    [
      'a glob without a prefix',
      { resource: { labels: [{ key: 'region', like: ['*-west-?'] }] } },
      { resource: { labels: [{ key: 'region', like: ['*-north-?'] }] } },
    ],
    [
      'an id in a role that another id of its kind has',
      { related: [{ role: ['owner'], id: { in: ['acme.user.koko'] } }] },
      { related: [{ role: ['owner'], id: { in: ['acme.user.kiki'] } }] },
    ],
    ['text', { text: 'über-COOL' }, { text: 'over-cool' }],
    ['text in a label', { text: '"STRASSE" straße' }, { text: 'gasse' }],
    ['a time', { occurred: { until: '2026-01-01T00:00:00.000001Z' } }, { occurred: { until: '2026-01-01T00:00:00Z' } }],
    [
      'alternatives',
      { or: [{ event: { startsWith: ['none'] } }, { event: { startsWith: ['acme'] } }] },
      { or: [{ event: { startsWith: ['none'] } }, { text: 'nowhere' }] },
    ],
  ])('%s', (_name, met, missed) => {
    const passes = (input: EventFilterInput): boolean => mayMatch(pruningPredicateOf(parseFilter(input, ['filter'], settings)), summary!);
    expect([passes(met), passes(missed)]).toEqual([true, false]);
  });
});

test('events that occurred far from the others have a summary of their own', () => {
  const times = ['2026-01-01T00:00:00Z', '2100-01-01T00:00:00Z', '2026-01-01T00:30:00Z', '1970-01-01T00:00:00Z', '2026-01-01T00:10:00Z'];
  const summaries = summariesOf(times.map((occurred, n) => stored({ ...candidate, id: `x${n}`, occurred }, n + 1)));
  expect(
    summaries.map(({ first, last, cluster, firstOccurred, lastOccurred }) => [
      first,
      last,
      cluster,
      firstOccurred.slice(0, 16),
      lastOccurred.slice(0, 16),
    ]),
  ).toEqual([
    [1, 5, 0, '2026-01-01T00:00', '2026-01-01T00:30'],
    [1, 5, 1, '1970-01-01T00:00', '1970-01-01T00:00'],
    [1, 5, 2, '2100-01-01T00:00', '2100-01-01T00:00'],
  ]);
});

test('a block with more than a summary can hold passes every predicate, and costs little', () => {
  const large = stored({ ...candidate, payload: { text: 'abcdefgh'.repeat(40_000) } }, 1);
  const [summary] = summariesOf([large]);
  expect(summary!.bloom.length).toBe(1);
  const filter = parseFilter({ event: { in: ['anything'] }, text: 'anything' }, ['filter'], settings);
  expect(mayMatch(pruningPredicateOf(filter), summary!)).toBe(true);
  const [next] = summariesOf([stored(candidate, 2)]);
  expect(mayMatch(pruningPredicateOf(filter), next!)).toBe(false);
});

function summariesOf(block: readonly StoredEvent[]): readonly BlockSummary[] {
  const builder = createRowGroupBuilder();
  runToEnd(builder.add(block));
  return builder.rowGroup().summaries;
}

function covers(summary: BlockSummary, { position, occurred }: StoredEvent): boolean {
  return summary.first <= position && position <= summary.last && summary.firstOccurred <= occurred && occurred <= summary.lastOccurred;
}

function stored(event: EventCandidate, position: number): StoredEvent {
  const validation = validateEvent(event, [], { ...settings, eventBytes: 16_000_000 });
  if ('problems' in validation) throw new Error(JSON.stringify(validation.problems));
  const received = '2026-01-01T00:00:00.000000Z' as Instant;
  return {
    ...validation.draft,
    occurred: validation.draft.occurred!,
    payload: validation.draft.payload ?? {},
    received,
    position: position as Position,
  };
}
