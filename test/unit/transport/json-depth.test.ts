import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep } from '../../../src/transport/json-depth.ts';

test('JSON is too deep by its levels, whatever characters its strings contain', () => {
  const json = fc.jsonValue({ maxDepth: 6, stringUnit: fc.constantFrom('"', '\\', '{', '}', '[', ']', 'a', 'ü', '\n') });
  fc.assert(
    fc.property(json, (value) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const levels = levelsOf(value);
      expect([isTooDeep(bytes, levels), isTooDeep(bytes, levels - 1)]).toEqual([false, levels > 0]);
    }),
    { numRuns: 2000 },
  );
});

function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}
