import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/json/parse-json.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { jsonPieces } from '../../../src/json/stringify-in-steps.ts';

test('is the text of stringifyJson, whatever the size of the pieces', () => {
  const exact = fc.constantFrom<unknown>(parseJson('9007199254740993'), parseJson('[1e400]'), undefined, new Date(0), {
    toJSON: () => ({ a: [1] }),
  });
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue({ maxDepth: 1, stringUnit: 'grapheme' }),
      exact,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.integer({ min: 1, max: 60 }), (any, pieceLength) => {
      const given = { any };
      expect(toEnd(given, pieceLength).text).toBe(stringifyJson(given));
    }),
    { numRuns: 2000 },
  );
});

test('a large value takes a step for each piece', () => {
  const list = Array.from({ length: 1000 }, () => 'x'.repeat(1000));
  const { steps, text } = toEnd({ data: { list } }, 10_000);
  expect(text).toHaveLength(1_003_019);
  expect(steps).toBeGreaterThan(80);
});

function toEnd(value: unknown, pieceLength: number): { readonly text: string; readonly steps: number } {
  const pieces = [...jsonPieces(value, { pieceLength })];
  return { text: pieces.join(''), steps: pieces.length };
}

test('lists the members of an object once, however deep it is inside others', () => {
  let listed = 0;
  const members = new Proxy(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n])), {
    ownKeys(target) {
      listed += 1;
      return Reflect.ownKeys(target);
    },
  });
  let value: object = members;
  for (let level = 0; level < 90; level += 1) value = { a: value };
  expect(toEnd(value, 100).text).toBe(stringifyJson(value));
  expect(listed).toBeLessThan(5);
});
