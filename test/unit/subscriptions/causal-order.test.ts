import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import { everything } from '../../../src/filter/filter.ts';
import { fromMicros, toMicros, parseInstant } from '../../../src/event/instant.ts';
import { inCausalOrder } from '../../../src/subscriptions/stream/causal-order.ts';
import { storedAs } from '../support/stored-events.ts';

const startMicros = toMicros(parseInstant('2026-01-01T00:00:00Z')!);
const maxWaitMs = 30_000;

/**
 * A log of events with increasing times of receipt, which follow each other or an event that never
 * comes.
 */
const anyLog = fc
  .array(fc.record({ follows: fc.option(fc.nat(30)), after: fc.nat(12_000) }), { minLength: 1, maxLength: 25 })
  .map((rows) => {
    let ms = 0;
    return rows.map(({ follows, after }, index): StoredEvent => {
      ms += after;
      const candidate = { id: `e${index}`, event: 'a', resource: { id: 'r' }, follows: follows === null ? null : `e${follows}` };
      const received = fromMicros(startMicros + BigInt(ms) * 1000n)!;
      return { ...storedAs(candidate), received, position: (index * 2 + 1) as Position };
    });
  });

/** Delivers a log in steps and batches of these sizes. Returns each batch with its position. */
async function delivered(log: readonly StoredEvent[], start: Position, { step, batch, maxBufferedEvents }: Sizes) {
  const eventsById = async (ids: readonly string[]) => new Map(log.filter(({ id }) => ids.includes(id)).map((event) => [event.id, event]));
  const order = inCausalOrder({ start, filter: everything, eventsById }, { maxWaitMs, maxBufferedEvents });
  const batches: { ids: string[]; position: Position }[] = [];
  const takeAll = (): void => {
    while (order.hasReady) batches.push({ ids: idsOf(order.take({ maxEvents: batch, maxBytes: Infinity })), position: order.position() });
  };
  const ahead = log.filter(({ position }) => position > start);
  for (let at = 0; at < ahead.length; at += step) {
    const events = ahead.slice(at, at + step);
    await order.add({ events, upTo: events.at(-1)!.position });
    takeAll();
  }
  order.releaseAll();
  takeAll();
  return batches;
}

interface Sizes {
  readonly step: number;
  readonly batch: number;
  readonly maxBufferedEvents: number;
}
const anySizes = fc.record({
  step: fc.integer({ min: 1, max: 9 }),
  batch: fc.integer({ min: 1, max: 5 }),
  maxBufferedEvents: fc.constantFrom(2, 100),
});

test('every event is delivered once, positions never decrease, and resuming from any of them loses nothing', async () => {
  await fc.assert(
    fc.asyncProperty(anyLog, anySizes, async (log, sizes) => {
      const batches = await delivered(log, 0 as Position, sizes);
      const all = log.map(({ id }) => id);
      expect(batches.flatMap(({ ids }) => ids).toSorted()).toEqual(all.toSorted());
      let minPosition = 0;
      for (const [index, { position }] of batches.entries()) {
        expect(position).toBeGreaterThanOrEqual(minPosition);
        minPosition = position;
        const before = batches.slice(0, index + 1).flatMap(({ ids }) => ids);
        const rest = (await delivered(log, position, sizes)).flatMap(({ ids }) => ids);
        expect(new Set([...before, ...rest])).toEqual(new Set(all));
      }
      expect(minPosition).toBe(log.at(-1)!.position);
    }),
    { numRuns: 300 },
  );
});

test('a predecessor that arrives in time is delivered before its followers, unless it was delayed itself', async () => {
  await fc.assert(
    fc.asyncProperty(anyLog, anySizes, async (log, { step, batch }) => {
      const order = (await delivered(log, 0 as Position, { step, batch, maxBufferedEvents: 100 })).flatMap(({ ids }) => ids);
      const position = new Map(order.map((id, index) => [id, index]));
      for (const event of log) {
        const predecessor = log.find(({ id }) => id === event.follows);
        if (predecessor === undefined || predecessor === event || predecessor.follows !== null) continue;
        const late = Number((toMicros(predecessor.received) - toMicros(event.received)) / 1000n) > maxWaitMs;
        if (!late) expect(position.get(predecessor.id)!, `${predecessor.id} before ${event.id}`).toBeLessThan(position.get(event.id)!);
      }
    }),
    { numRuns: 300 },
  );
});

function idsOf(events: readonly StoredEvent[] | 'MORE'): string[] {
  if (events === 'MORE') throw new Error('small events were not measured at once');
  return events.map(({ id }) => id);
}
