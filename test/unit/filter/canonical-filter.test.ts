import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyElement } from '../../../src/event/payload-path.ts';
import type { Condition, ValueTest } from '../../../src/filter/filter.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { canonicalFilter } from '../../../src/filter/canonical-filter.ts';
import { anyEvent, anyFilter } from '../../support/oracles/random-filters.ts';
import { storedOf } from '../support/valid-event.ts';

const bounds = { filterNodes: 500, filterDepth: 10, filterListLength: 1000 };
const parsed = (input: EventFilterInput): Condition => parseFilter(input, ['filter'], bounds);
const keyOf = (input: EventFilterInput): string => canonicalFilter(parsed(input)).key;

const always: Condition = { kind: 'all', of: [] };
const never: Condition = { kind: 'any', of: [] };

test('matches the same events', () => {
  const events = fc.sample(anyEvent, { seed: 1, numRuns: 100 }).map((event, index) => storedOf({ ...event, id: `e${index}` }));
  fc.assert(
    fc.property(anyFilter, (input) => {
      const filter = parsed(input);
      const { condition } = canonicalFilter(filter);
      expect(events.filter((event) => matches(condition, event))).toEqual(events.filter((event) => matches(filter, event)));
    }),
    { numRuns: 2000 },
  );
});

test('is the same in any order, repetition and nesting, and its key is its JSON, or the hash of a longer one', () => {
  fc.assert(
    fc.property(anyFilter, fc.nat(), (input, seed) => {
      const filter = parsed(input);
      const canonical = canonicalFilter(filter);
      expect(canonicalFilter(equivalentOf(filter, choices(seed)))).toEqual(canonical);
      expect(canonicalFilter(canonical.condition)).toEqual(canonical);
      const json = stringifyJson(canonical.condition);
      expect(canonical.key).toBe(json.length <= 100 ? json : createHash('sha256').update(json).digest('base64'));
    }),
    { numRuns: 2000 },
  );
});

describe('parts that always or never hold decide the parts around them', () => {
  const nothingFits: EventFilterInput = { event: { in: [] } };
  const some: EventFilterInput = { id: ['a'] };

  test.each<EventFilterInput>([
    {},
    { occurred: {} },
    { and: [{}, { and: [] }] },
    { or: [some, {}] },
    { not: nothingFits },
    { not: { not: {} } },
    { resource: { id: { notIn: [] } } },
    { anyResource: [{ labels: [{ key: 'k' }] }] },
    { payload: [{ path: 'a' }] },
    { payload: [{ path: 'a.*' }] },
    { event: { notLike: [] } },
  ])('always: %j', (input) => {
    expect(canonicalFilter(parsed(input)).condition).toEqual(always);
  });

  test.each<EventFilterInput>([
    nothingFits,
    { or: [] },
    { ...some, or: [] },
    { or: [nothingFits, { not: {} }] },
    { and: [some, { related: [{ role: [] }] }] },
    { resource: { labels: [{ key: 'k', like: [] }] } },
    { payload: [{ path: 'a', in: [] }] },
    { payload: [{ path: 'a.*', in: [] }] },
    { event: { like: [] } },
    { payload: [{ path: 'a', gt: true }] },
  ])('never: %j', (input) => {
    expect(canonicalFilter(parsed(input)).condition).toEqual(never);
  });

  test('but not every event has a related resource', () => {
    expect(canonicalFilter(parsed({ related: [{}] })).condition).toEqual({ kind: 'resource', among: 'related', passes: always });
  });
});

test('a step * is not the key *, and a test of any value there is that it exists', () => {
  const at = (path: string): string => keyOf({ payload: [{ path, eq: 1 }] });
  expect(at('a.*')).toBe('{"kind":"payload","path":["a",null],"passes":{"kind":"oneOf","values":[1]}}');
  expect(at('a."*"')).toBe('{"kind":"payload","path":["a","*"],"passes":{"kind":"oneOf","values":[1]}}');
  const some: Condition = { kind: 'payload', path: ['a', anyElement], passes: always as ValueTest };
  expect(canonicalFilter(some).condition).toEqual({ ...some, passes: { kind: 'exists' } });
});

test('JSON values are equal in any order of keys, and 0 equals -0', () => {
  const eq = (value: unknown): string => keyOf({ payload: [{ path: 'a', eq: value }] });
  expect(eq({ a: [1, { b: 0, '2': null }] })).toBe(eq({ a: [1.0, { '2': null, b: -0 }] }));
  expect(eq(JSON.parse('{"__proto__":1,"a":2}'))).toBe(eq(JSON.parse('{"a":2,"__proto__":1}')));
  expect(eq(JSON.parse('{"__proto__":1}'))).not.toBe(eq({}));
  expect(eq([1, 2])).not.toBe(eq([2, 1]));
  expect(eq(1)).not.toBe(eq('1'));
  const zeros: EventFilterInput[] = [
    { payload: [{ path: 'a', in: [-0, null] }] },
    { payload: [{ path: 'a', eq: { b: [-0] } }] },
    { payload: [{ path: 'a', gt: -0 }] },
  ];
  for (const zero of zeros) {
    expect(canonicalFilter(parsed(zero))).toEqual(canonicalFilter(parsed(JSON.parse(JSON.stringify(zero)))));
  }
});

/** An equivalent filter. `choose` draws a whole number below another. */
function equivalentOf(node: any, choose: (below: number) => number): any {
  const recurse = (each: any): any => equivalentOf(each, choose);
  const shuffled = (list: readonly any[]): any[] => {
    const repeated = list.filter(() => choose(3) === 0);
    return [...list, ...repeated]
      .map((each) => ({ each, at: choose(1000) }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ each }) => each);
  };
  const copy = { ...node };
  if (Array.isArray(node.of)) {
    const parts = shuffled(node.of).map(recurse);
    const at = choose(parts.length + 1);
    copy.of = [...parts.slice(0, at), { kind: node.kind, of: parts.slice(at) }];
  } else if (node.kind === 'not') {
    copy.of = recurse(node.of);
  }
  if (node.passes !== undefined) copy.passes = recurse(node.passes);
  for (const list of ['values', 'prefixes', 'globs']) if (node[list] !== undefined) copy[list] = shuffled(node[list]);
  const wrapped = [
    { kind: 'not', of: { kind: 'not', of: copy } },
    { kind: 'all', of: [copy, always] },
    { kind: 'any', of: [never, copy] },
  ];
  return wrapped[choose(6)] ?? copy;
}

/** A pseudo-random sequence for a seed (a linear congruential generator of Knuth's). */
function choices(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
