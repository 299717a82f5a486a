import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonExcess } from '../../../src/transport/json-bounds.ts';

test('JSON has too many levels or values, whatever characters its strings contain', () => {
  const json = fc.jsonValue({ maxDepth: 6, stringUnit: fc.constantFrom('"', '\\', '{', '}', '[', ']', 'a', 'ü', '\n') });
  fc.assert(
    fc.property(json, (value) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const levels = levelsOf(value);
      const count = valuesOf(value);
      expect(jsonExcess(bytes, { levels, values: 2 * count })).toBeNull();
      if (levels > 0) expect(jsonExcess(bytes, { levels: levels - 1, values: 2 * count })).toBe(`more than ${levels - 1} levels`);
      if (count > 1) expect(jsonExcess(bytes, { levels, values: count - 1 })).toBe(`more than ${count - 1} values`);
    }),
    { numRuns: 2000 },
  );
});

function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}

function valuesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, each) => sum + valuesOf(each), 1);
}
