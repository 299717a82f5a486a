import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { numberOf } from '../../../src/json/exact-number.ts';
import { isLargerThan } from '../../../src/json/json-size.ts';
import { JsonText } from '../../../src/json/json-text.ts';
import { runToEnd } from '../../../src/json/run-to-end.ts';
import { stringifyJsonInSteps } from '../../../src/json/stringify-in-steps.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';

const texts = [
  '{"a": 1.10, "b": [9007199254740993, "é\u2028"]}',
  '{}',
  '"x"',
  '[ ]',
  'null',
  '1e400',
  '{"$&": "$1"}',
  `"${'long '.repeat(60)}"`,
];

/** A value, and its JSON. */
type Written = readonly [value: unknown, json: string];

test('a value with JSON texts is written as with their values, beside exact numbers and without', () => {
  const plain = fc.jsonValue({ maxDepth: 1, stringUnit: 'grapheme' }).map((value): Written => [value, JSON.stringify(value)]);
  const text = fc.constantFrom(...texts).map((json): Written => [new JsonText(json), json]);
  const exact = fc.constantFrom('9007199254740993', '0.1000000000000000055').map((json): Written => [numberOf(json), json]);
  const valuesOf = (leaf: fc.Arbitrary<Written>): fc.Arbitrary<Written> =>
    fc.letrec<{ value: Written }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc
          .array(tie('value'), { maxLength: 4 })
          .map((all): Written => [all.map(([value]) => value), `[${all.map(([, json]) => json).join()}]`]),
        fc
          .array(tie('value'), { maxLength: 4 })
          .map((all): Written => [
            Object.fromEntries(all.map(([value], n) => [`"${n}`, value])),
            `{${all.map(([, json], n) => `${JSON.stringify(`"${n}`)}:${json}`).join()}}`,
          ]),
      ),
    })).value;
  for (const leaf of [fc.oneof(plain, text), fc.oneof(plain, text, exact)]) {
    fc.assert(
      fc.property(valuesOf(leaf), ([value, json]) => {
        expect(stringifyJson(value)).toBe(json);
        expect(runToEnd(stringifyJsonInSteps(value)).toString()).toBe(json);
      }),
      { numRuns: 1000 },
    );
  }
});

test('texts that another writer met do not get into the next value', () => {
  const value = { payload: new JsonText('{"of": "one"}') };
  expect(JSON.stringify(value)).not.toContain('of');
  expect(stringifyJson({ payload: new JsonText('{"of": "two"}') })).toBe('{"payload":{"of": "two"}}');
  expect(stringifyJson([new JsonText('1'), numberOf('1e400'), new JsonText('2')])).toBe(`[1,${String(numberOf('1e400'))},2]`);
});

test('the size of a text is that of its bytes', () => {
  const text = JSON.stringify('é'.repeat(1000));
  expect(isLargerThan({ payload: new JsonText(text) }, 2000)).toBe(true);
  expect(isLargerThan({ payload: new JsonText(text) }, 2100)).toBe(false);
});
