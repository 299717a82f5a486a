import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { documentBytes } from '../../../src/event/document.ts';
import { batchLength, type BatchLimit } from '../../../src/subscriptions/stream/batch-limit.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import { storedAs } from '../support/stored-events.ts';

const sized = (size: number) => storedAs({ id: 'e', event: 'a', resource: { id: 'r' }, payload: { filler: 'é'.repeat(size) } });
const overhead = documentBytes(sized(0));

function lengthAfterCalls(events: readonly StoredEvent[], limit: BatchLimit): { readonly length: number; readonly calls: number } {
  for (let calls = 1; ; calls += 1) {
    const length = batchLength(events, limit);
    if (length !== 'MORE') return { length, calls };
  }
}

test('a batch has as many events as fit within both limits', () => {
  const anySizes = fc.array(fc.nat(100), { maxLength: 30 });
  fc.assert(
    fc.property(anySizes, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 3000 }), (sizes, maxEvents, maxBytes) => {
      const events = sizes.map(sized);
      const bytes = (count: number): number => sizes.slice(0, count).reduce((sum, size) => sum + overhead + 2 * size, 0);
      const length = lengthAfterCalls(events, { maxEvents, maxBytes }).length;
      expect(length).toBeLessThanOrEqual(Math.min(events.length, maxEvents));
      if (length > 1) expect(bytes(length)).toBeLessThanOrEqual(maxBytes);
      if (length < Math.min(events.length, maxEvents)) expect(bytes(length + 1)).toBeGreaterThan(maxBytes);
      expect(length > 0).toBe(events.length > 0);
    }),
  );
});

test('many large events are measured in several calls, and small ones in one', () => {
  const large = Array.from({ length: 100 }, () => sized(500_000));
  const { length, calls } = lengthAfterCalls(large, { maxEvents: 1000, maxBytes: 60_000_000 });
  expect(length).toBe(Math.floor(60_000_000 / (overhead + 1_000_000)));
  expect(calls).toBeGreaterThan(2);
  const small = Array.from({ length: 100 }, () => sized(500));
  expect(lengthAfterCalls(small, { maxEvents: 1000, maxBytes: 16_000_000 })).toEqual({ length: 100, calls: 1 });
});
