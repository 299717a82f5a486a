import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyFeed, reduceFeed, type FeedModel } from '../../../src/client/feed-model.ts';

interface Stored {
  readonly id: string;
  readonly occurred: string;
  readonly position: number;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('store' as const), times: fc.array(fc.nat(9), { maxLength: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('deliver' as const), count: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.constant({ type: 'load' as const }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('older' as const), size: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.constant({ type: 'hold' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'follow' as const }) },
);

function plainQuery(log: readonly Stored[]): readonly Stored[] {
  return log.toSorted((a, b) => (a.occurred === b.occurred ? b.position - a.position : a.occurred < b.occurred ? 1 : -1));
}

/** Plays a server: a log, how much of it the stream has delivered, and pages of its present state. */
function play(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[], maxRows: number) {
  const log: Stored[] = [];
  let delivered = 0;
  let feed: FeedModel<Stored> = emptyFeed(maxRows);
  for (const each of steps) {
    if (each.type === 'store') {
      for (const time of each.times)
        log.push({ id: `e${log.length}`, occurred: `2026-01-01T00:00:00.00000${time}Z`, position: log.length });
    } else if (each.type === 'deliver') {
      const events = log.slice(delivered, delivered + each.count);
      delivered += events.length;
      feed = reduceFeed(feed, { type: 'received', events });
    } else if (each.type === 'load') {
      const all = plainQuery(log);
      delivered = log.length;
      feed = reduceFeed(feed, { type: 'loaded', events: all.slice(0, 3), hasOlder: all.length > 3 });
    } else if (each.type === 'older') {
      const last = feed.rows.at(-1)?.event;
      if (last === undefined || !feed.hasOlder) continue;
      const ties = new Set(feed.rows.filter(({ event }) => event.occurred === last.occurred).map(({ event }) => event.id));
      const below = plainQuery(log).filter(({ id, occurred }) => occurred <= last.occurred && !ties.has(id));
      feed = reduceFeed(feed, { type: 'older', events: below.slice(0, each.size), hasOlder: below.length > each.size });
    } else {
      feed = reduceFeed(feed, { type: each.type });
    }
  }
  return { log, delivered, feed };
}

test('once everything is delivered and shown, the rows are the first ones of the plain query', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { log, feed } = play([{ type: 'load' }, ...steps, { type: 'deliver', count: 1000 }, { type: 'follow' }], 1000);
      const expected = plainQuery(log);
      expect(feed.rows.map(({ event }) => event.id)).toEqual(expected.slice(0, feed.rows.length).map(({ id }) => id));
      if (!feed.hasOlder) expect(feed.rows).toHaveLength(expected.length);
      expect(feed.held).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test('with few rows, they are the newest ones, and more are below', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const shown = steps.filter(({ type }) => type !== 'hold' && type !== 'older');
      const { log, feed } = play([{ type: 'load' }, ...shown, { type: 'deliver', count: 1000 }], 4);
      expect(feed.rows.map(({ event }) => event.id)).toEqual(
        plainQuery(log)
          .slice(0, feed.rows.length)
          .map(({ id }) => id),
      );
      expect(feed.hasOlder || feed.rows.length === log.length).toBe(true);
    }),
  );
});

test('rows stay as they are while the list is held', () => {
  const event = (id: string, second: number) => ({ id, occurred: `2026-01-01T00:00:0${second}.000000Z` });
  let feed = reduceFeed(emptyFeed<ReturnType<typeof event>>(10), { type: 'loaded', events: [event('a', 1)], hasOlder: false });
  feed = reduceFeed(feed, { type: 'hold' });
  feed = reduceFeed(feed, { type: 'received', events: [event('b', 2), event('late', 0)] });
  expect(feed.rows.map((row) => row.event.id)).toEqual(['a']);
  expect(feed.held).toHaveLength(2);
  feed = reduceFeed(feed, { type: 'follow' });
  expect(feed.rows.map((row) => row.event.id)).toEqual(['b', 'a', 'late']);
});
