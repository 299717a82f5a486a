import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExactNumber, stringifyLossless } from '../../../src/client/tidings-client.ts';
import { parsePayloadPattern } from '../../../src/event/payload-path.ts';
import type { Condition } from '../../../src/web/query/condition.ts';
import { addCondition, parseQuery, removeCondition, stateOf } from '../../../src/web/query/query-text.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: fc.constantFrom(...'"\\*?-!+:=<>(),.{}[] a5\n\t\0\u202e\u200b\ufeff', '💌', 'true'), maxLength: 6 }),
);
const path = fc.array(hostile, { minLength: 1, maxLength: 3 }).map((keys) => keys.map((key) => JSON.stringify(key)).join('.'));
const anyCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ is: fc.constantFrom('event' as const, 'resource' as const, 'follows' as const), value: hostile }),
  fc.record({ is: fc.constant('related' as const), role: fc.option(hostile.filter((role) => role !== '')), value: hostile }),
  fc.record({ is: fc.constant('label' as const), key: hostile, value: hostile }),
  fc.record({
    is: fc.constant('payload' as const),
    path,
    value: fc.oneof(hostile, fc.jsonValue(), fc.constant(new ExactNumber('9007199254740993'))),
  }),
);

/** What a condition means, without the texts. */
function filterOf(condition: Condition): object {
  switch (condition.is) {
    case 'event':
      return { event: { in: [condition.value] } };
    case 'resource':
      return { resource: { id: { in: [condition.value] } } };
    case 'related':
      return { related: [{ ...(condition.role !== null && { role: [condition.role] }), id: { in: [condition.value] } }] };
    case 'label':
      return { resource: { labels: [{ key: condition.key, in: [condition.value] }] } };
    case 'payload':
      return { payload: [{ path: condition.path, eq: condition.value }] };
    default:
      return { [condition.is]: [condition.value] };
  }
}

/** The filter with its paths as the server reads them. */
function withParsedPaths(filter: object): unknown {
  return JSON.parse(stringifyLossless(filter), (key, value: unknown) => (key === 'path' ? parsePayloadPattern(String(value)) : value));
}

describe('a condition', () => {
  test('of any value means exactly that value', () => {
    fc.assert(
      fc.property(anyCondition, (condition) => {
        const text = addCondition('', condition, 'only');
        expect(parseQuery(text).problems, text).toEqual([]);
        expect(withParsedPaths(parseQuery(text).filter)).toEqual(withParsedPaths(filterOf(condition)));
        expect(text).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u200b\ufeff]/u);
      }),
      { numRuns: 2000 },
    );
  });

  test('is added once, replaced by its opposite, and removed', () => {
    const how = fc.constantFrom('only' as const, 'not' as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(anyCondition, how), { maxLength: 4 }), anyCondition, how, (before, condition, how) => {
        const text = before.reduce((all, [each, added]) => addCondition(all, each, added), '');
        const added = addCondition(text, condition, how);
        expect(stateOf(added, condition)).toBe(how);
        expect(addCondition(added, condition, how)).toBe(added);
        const opposite = how === 'only' ? 'not' : 'only';
        expect(stateOf(addCondition(added, condition, opposite), condition)).toBe(opposite);
        expect(stateOf(removeCondition(added, condition), condition)).toBeNull();
      }),
    );
  });

  test.each<[string, Condition, 'only' | 'not', string]>([
    ['event:acme.order.* failed', { is: 'event', value: 'acme.order.paid' }, 'only', 'event:acme.order.paid failed'],
    ['-event:tidings.* failed', { is: 'event', value: 'tidings.key.created' }, 'only', 'event:tidings.key.created failed'],
    ['-event:tidings.*', { is: 'event', value: 'tidings.key.*', isGlob: true }, 'only', 'event:tidings.key.*'],
    ['-event:tidings.*', { is: 'event', value: 'acme.a' }, 'only', '-event:tidings.* event:acme.a'],
    ['event:(a,b)', { is: 'event', value: 'a' }, 'only', 'event:a'],
    ['event:(a,b)', { is: 'event', value: 'a' }, 'not', 'event:(a,b) -event:a'],
    ['-event:a', { is: 'event', value: 'b' }, 'not', '-event:a -event:b'],
    ['related.actor=a', { is: 'related', role: 'actor', value: 'b' }, 'only', 'related.actor=a related.actor=b'],
    ['label.region=eu label.tier=gold', { is: 'label', key: 'region', value: 'us' }, 'only', 'label.region=us label.tier=gold'],
    ['payload.a>=1 payload.a=2', { is: 'payload', path: 'a', value: 3 }, 'only', 'payload.a>=1 payload.a=3'],
    ['payload.a="5"', { is: 'payload', path: 'a', value: 5 }, 'not', 'payload.a="5" -payload.a=5'],
    ['event:( x', { is: 'event', value: 'a' }, 'only', 'event:( x event:a'],
  ])('%s with %j, %s', (text, condition, how, expected) => {
    expect(addCondition(text, condition, how)).toBe(expected);
  });
});
