import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/json/parse-json.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { stringifyJsonInSteps } from '../../../src/json/stringify-in-steps.ts';

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
    fc.property(value, fc.integer({ min: 1, max: 60 }), (any, pieceBytes) => {
      const given = { any };
      expect(toEnd(given, pieceBytes).text).toBe(stringifyJson(given));
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

function toEnd(value: unknown, pieceBytes: number): { readonly text: string; readonly steps: number } {
  const generator = stringifyJsonInSteps(value, pieceBytes);
  for (let steps = 0; ; steps += 1) {
    const { done, value: bytes } = generator.next();
    if (done === true) return { text: bytes.toString(), steps };
  }
}
