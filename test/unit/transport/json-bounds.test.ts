import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonExcess, maxNumberCharacters, maxPlainBytes, type JsonBounds } from '../../../src/transport/json-bounds.ts';

test('JSON has too many levels or values, whatever characters its strings contain', () => {
  const json = fc.jsonValue({ maxDepth: 6, stringUnit: fc.constantFrom('"', '\\', '{', '}', '[', ']', 'a', 'ü', '\n') });
  fc.assert(
    fc.property(json, (value) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const levels = levelsOf(value);
      const count = valuesOf(value);
      const members = membersOf(value);
      const bounds = { levels, values: 2 * count, members };
      const excessOf = (lower: Partial<JsonBounds>): string | null => jsonExcess(bytes, { ...bounds, ...lower });
      expect(excessOf({})).toBeNull();
      if (levels > 0) expect(excessOf({ levels: levels - 1 })).toBe(`more than ${levels - 1} levels`);
      if (count > 1) expect(excessOf({ values: count - 1 })).toBe(`more than ${count - 1} values`);
      if (members > 1) expect(excessOf({ members: members - 1 })).toBe(`an object with more than ${members - 1} members`);
    }),
    { numRuns: 2000 },
  );
});

test.each([100, 256, 257, 1000, 100_000])('a string of %i characters ends at its quote, whatever comes before it', (length) => {
  for (const end of ['', '\\\\', '\\"', '\\\\\\"', '\\"\\\\'])
    for (const [bracket, excess] of [
      ['[', 'more than 1 levels'],
      [']', null],
    ] as const) {
      const bytes = Buffer.from(`["${'x'.repeat(length)}${end}",${bracket}`);
      expect(jsonExcess(bytes, { levels: 1, values: 10, members: 10 })).toBe(excess);
    }
});

test('brackets that close nothing are left to the parser', () => {
  expect(jsonExcess(Buffer.from(']]]],[[[['), { levels: 1, values: 10, members: 1 })).toBeNull();
});

/** The most members of an object within a value. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Math.max(own, ...Object.values(value).map(membersOf));
}

function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}

function valuesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, each) => sum + valuesOf(each), 1);
}

test('a number has at most 100,000 characters, wherever it is', () => {
  const longest = `-${'1'.repeat(maxNumberCharacters - 1)}`;
  for (const [before, after] of [
    ['', ''],
    ['[0, ', ' ]'],
    ['{"a":"b","c": ', '}'],
    [' '.repeat(150_000), ' '.repeat(150_000)],
    ['["\\"",', ',1]'],
  ]) {
    expect(jsonExcess(Buffer.from(`${before}${longest}${after}`))).toBeNull();
    expect(jsonExcess(Buffer.from(`${before}${longest}1${after}`))).toBe('a number of more than 100000 characters');
  }
  expect(jsonExcess(Buffer.from(`"${longest}1"`))).toBeNull();
  expect(jsonExcess(Buffer.from(`[${' '.repeat(maxPlainBytes)}]`))).toBeNull();
  for (const blanks of ['\n'.repeat(3_000_000), `[${' '.repeat(maxPlainBytes + 1)}]`])
    expect(jsonExcess(Buffer.from(blanks))).toBe('more than 1000000 bytes without a bracket, a comma or a string');
});
