import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExactNumber, parseLossless } from '../../../src/client/tidings-client.ts';
import { parsePayloadPath, valueAt } from '../../../src/event/payload-path.ts';
import {
  bytesText,
  childOf,
  entriesOf,
  isBeyondDouble,
  isContainer,
  isWebAddress,
  sizeOf,
  summaryOf,
} from '../../../src/web/payload/json-value.ts';
import { findInPayload, type Keys } from '../../../src/web/payload/payload-search.ts';
import { pathOf } from '../../../src/web/payload/value-path.ts';

const keys = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('*', '', '$', '0', 'a.b', 'a"b', '[0]', '/x', '__proto__', 'größe', '\u202e', 'a,b', '**'),
);
const payloads = fc.dictionary(
  keys,
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 5 }),
    ),
  })).value,
);

describe('a path of the tree', () => {
  test('is accepted by payloadAt, and leads to the value beside it', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        for (const { path, value } of nodesOf(payload)) {
          const text = pathOf(path);
          if (text === null) throw new Error('no path');
          expect(valueAt(payload, parsePayloadPath(text))).toBe(value);
        }
      }),
    );
  });

  test('is none for the payload itself and beyond the limit of the server', () => {
    expect(pathOf([])).toBeNull();
    expect(pathOf(['a'.repeat(1000)])).toBe('a'.repeat(1000));
    expect(pathOf(['a'.repeat(1001)])).toBeNull();
  });
});

describe('the search in a payload', () => {
  test('finds what a walk through all values finds, in its order', () => {
    fc.assert(
      fc.property(payloads, fc.string({ minLength: 1, maxLength: 2 }), (payload, text) => {
        const wanted = text.toLowerCase();
        const expected = nodesOf(payload).filter(({ path, value, isMember }) => {
          const isNamed = isMember && path.at(-1)!.toLowerCase().includes(wanted);
          return isNamed || (!isContainer(value) && String(value).toLowerCase().includes(wanted));
        });
        expect([...findInPayload(payload, text)]).toEqual(expected.map(({ path }) => path));
      }),
    );
  });

  test('pauses in large payloads', () => {
    const found = [...findInPayload({ list: Array.from({ length: 10_000 }, (_, n) => n) }, '9999')];
    expect(found.filter((each) => each === null)).toHaveLength(5);
    expect(found.filter((each) => each !== null)).toEqual([['list', '9999']]);
  });
});

test('entries are given in parts, in order', () => {
  const members = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`k${n}`, n]));
  expect(sizeOf(members)).toBe(250);
  expect(entriesOf(members, 100, 102)).toEqual([
    ['k100', 100],
    ['k101', 101],
  ]);
  expect(entriesOf(['a', 'b', 'c'], 1, 9)).toEqual([
    ['1', 'b'],
    ['2', 'c'],
  ]);
  expect([summaryOf([]), summaryOf({}), summaryOf([1]), summaryOf(members)]).toEqual(['[]', '{}', '[1 element]', '{250 members}']);
  expect(childOf(members, 'k3')).toBe(3);
});

test('numbers that programs may read as another number are marked', () => {
  const { a, b, c, d, e } = parseLossless(
    '{"a":9007199254740993,"b":9007199254740991,"c":1e300,"d":0.1,"e":0.1000000000000000055511}',
  ) as Record<string, unknown>;
  expect([a, b, c, d, e].map(isBeyondDouble)).toEqual([true, false, true, false, true]);
  expect(a).toBeInstanceOf(ExactNumber);
});

test.each([
  ['https://example.com/a?b=c#d', true],
  ['HTTP://EXAMPLE.COM', true],
  ['javascript:alert(1)', false],
  [' https://example.com', false],
  ['https://', false],
  ['https://example.com/\u202egpj.exe', false],
  ['data:text/html,x', false],
  ['see https://example.com', false],
  [`https://example.com/${'a'.repeat(2000)}`, false],
])('%s is an address: %s', (text, expected) => expect(isWebAddress(text)).toBe(expected));

test('sizes are short', () => {
  expect([999, 1000, 256_000, 2_345_678].map(bytesText)).toEqual(['999 bytes', '1.0 KB', '256 KB', '2.3 MB']);
});

interface Visited {
  readonly path: Keys;
  readonly value: unknown;
  readonly isMember: boolean;
}

function nodesOf(value: unknown, path: Keys = []): readonly Visited[] {
  if (!isContainer(value)) return [];
  const isMember = !Array.isArray(value);
  return Object.keys(value).flatMap((key) => {
    const child = (value as Record<string, unknown>)[key];
    return [{ path: [...path, key], value: child, isMember }, ...nodesOf(child, [...path, key])];
  });
}
