import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { storableText } from '../support/code-points.ts';
import { draftOf, eventWith, problemsOf } from '../support/valid-event.ts';

/** Nested objects, or nested lists in an object, of this many levels. */
function nested(levels: number, wrap: (inner: unknown) => unknown = (inner) => ({ a: inner })): unknown {
  let inner: unknown = 'x';
  for (let level = 1; level < levels; level += 1) inner = wrap(inner);
  return { a: inner };
}

const tooDeep = `INVALID input.3.payload${'.a'.repeat(17)}`;

describe('a payload is at most 100 levels deep', () => {
  test('100 levels of objects or lists are valid', () => {
    for (const payload of [nested(100), nested(100, (inner) => [inner])]) {
      expect(draftOf(eventWith('payload', payload)).payload).toBe(payload);
    }
  });

  test('101 levels are not, and the path shows the first keys', () => {
    expect(problemsOf(eventWith('payload', nested(101)))).toEqual([tooDeep]);
    expect(
      problemsOf(
        eventWith(
          'payload',
          nested(101, (inner) => [inner]),
        ),
      ),
    ).toHaveLength(1);
  });

  test('an empty object or list is a level too', () => {
    expect(problemsOf(eventWith('payload', { a: {} }), { payloadDepth: 1 })).toEqual(['INVALID input.3.payload.a']);
    expect(problemsOf(eventWith('payload', { a: [] }), { payloadDepth: 1 })).toEqual(['INVALID input.3.payload.a']);
    expect(problemsOf(eventWith('payload', { a: null, b: 'x', c: 1 }), { payloadDepth: 1 })).toEqual([]);
  });

  test('100,000 levels are rejected like 101', () => {
    expect(problemsOf(eventAt(nested(100_000)))).toEqual([tooDeep]);
    expect(problemsOf(eventAt(nested(100_000, (inner) => [inner])))).toHaveLength(1);
    expect(problemsOf(eventAt(JSON.parse(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)))).toHaveLength(1);
  });

  test('also if other fields are invalid, or the depth is the only content of the event', () => {
    expect(problemsOf({ id: '', resource: nested(100_000), payload: nested(100_000) })).toContain(tooDeep);
    expect(problemsOf({ id: nested(100_000), event: nested(100_000), follows: nested(100_000) })).toHaveLength(5);
    expect(problemsOf(eventAt({}, { labels: { a: nested(100_000) } }))).toEqual(['INVALID input.3.resource.labels.a']);
  });
});

describe('a payload is not changed', () => {
  test('keys that JavaScript objects inherit are ordinary keys', () => {
    const text =
      '{"__proto__":{"__proto__":{"polluted":true}},"constructor":{"prototype":{"polluted":true}},"hasOwnProperty":1,"toString":"x"}';
    expect(JSON.stringify(draftOf(eventAt(JSON.parse(text))).payload)).toBe(text);
    expect(({} as any).polluted).toBeUndefined();
  });

  test('an invalid string below such a key is found', () => {
    expect(problemsOf(eventAt(JSON.parse('{"__proto__":{"constructor":["\\u0000"]}}')))).toEqual([
      'INVALID input.3.payload.__proto__.constructor.0',
    ]);
  });

  test('whatever JSON it contains', () => {
    const objects = fc.dictionary(storableText(0, 10), fc.jsonValue({ maxDepth: 5 }));
    fc.assert(
      fc.property(objects, (payload) => {
        expect(JSON.stringify(draftOf(eventAt(payload)).payload)).toBe(JSON.stringify(payload));
      }),
    );
  });
});

/** Like eventWith, without a copy: structuredClone of a deep payload overflows the stack. */
function eventAt(payload: unknown, resource: object = {}): object {
  return { id: 'e1', occurred: '2026-11-23T14:41:10Z', event: 'a', resource: { id: 'r', ...resource }, payload };
}
