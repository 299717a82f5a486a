import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep } from '../../../src/transport/json-depth.ts';

test('JSON is too deep by its levels, whatever its texts have in them and however it comes in pieces', () => {
  const json = fc.jsonValue({ maxDepth: 6, stringUnit: fc.constantFrom('"', '\\', '{', '}', '[', ']', 'a', 'ü', '\n') });
  fc.assert(
    fc.property(json, fc.integer({ min: 1, max: 9 }), (value, size) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
      const levels = levelsOf(value);
      expect([isTooDeep(pieces, levels), isTooDeep(pieces, levels - 1)]).toEqual([false, levels > 0]);
    }),
    { numRuns: 2000 },
  );
});

function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}
