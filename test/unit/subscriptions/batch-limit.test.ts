import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { documentBytes } from '../../../src/event/document.ts';
import { batchLength } from '../../../src/subscriptions/stream/batch-limit.ts';
import { storedAs } from '../support/stored-events.ts';

const sized = (size: number) => storedAs({ id: 'e', event: 'a', resource: { id: 'r' }, payload: { filler: 'é'.repeat(size) } });
const overhead = documentBytes(sized(0));

test('a batch has as many events as fit within both limits', () => {
  const anySizes = fc.array(fc.nat(100), { maxLength: 30 });
  fc.assert(
    fc.property(anySizes, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 3000 }), (sizes, maxEvents, maxBytes) => {
      const events = sizes.map(sized);
      const bytes = (count: number): number => sizes.slice(0, count).reduce((sum, size) => sum + overhead + 2 * size, 0);
      const length = batchLength(events, { maxEvents, maxBytes });
      expect(length).toBeLessThanOrEqual(Math.min(events.length, maxEvents));
      if (length > 1) expect(bytes(length)).toBeLessThanOrEqual(maxBytes);
      if (length < Math.min(events.length, maxEvents)) expect(bytes(length + 1)).toBeGreaterThan(maxBytes);
      expect(length > 0).toBe(events.length > 0);
    }),
  );
});
