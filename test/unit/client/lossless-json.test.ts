import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/json/parse-json.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { ExactNumber, parseLossless, stringifyLossless } from '../../../src/client/tidings-client.ts';

const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,40})(\.\d{1,40})?(e[+-]?\d{1,3})?$/);
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    digits,
    fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
    digits.map((text) => JSON.stringify(text)),
    fc.array(tie('value')).map((values) => `[ ${values.join(' , ')} ]`),
    fc.array(fc.tuple(fc.string(), tie('value'))).map((all) => `{${all.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`),
  ),
})).value;

test('texts pass through unchanged in value, as the parser of the server reads them', () => {
  fc.assert(
    fc.property(json, (text) => {
      const written = stringifyLossless(parseLossless(text));
      expect(stringifyJson(parseJson(written))).toBe(stringifyJson(parseJson(text)));
    }),
  );
});

test('only numbers that a double cannot hold become exact numbers', () => {
  const parsed = parseLossless('[9007199254740993, 9007199254740992, 0.1, 1e400, 1.50e1, "9007199254740993", 0.1000000000000000055]');
  expect(parsed).toEqual([
    new ExactNumber('9007199254740993'),
    9007199254740992,
    0.1,
    new ExactNumber('1e400'),
    15,
    '9007199254740993',
    new ExactNumber('0.1000000000000000055'),
  ]);
  expect(
    stringifyLossless({ a: 9007199254740993n, b: [new ExactNumber('1.0000000000000000001'), undefined], c: undefined, d: new Date(0) }),
  ).toBe('{"a":9007199254740993,"b":[1.0000000000000000001,null],"d":"1970-01-01T00:00:00.000Z"}');
});
