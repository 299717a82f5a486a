import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFeed, type Feed, type FeedOptions } from '../../../src/client/live-feed.ts';
import { createLogServer, type LogServer, type Stored } from './support/log-server.ts';

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('store' as const), times: fc.array(fc.nat(9), { maxLength: 6 }) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 6, arbitrary: fc.constant({ type: 'respond' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'fail' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'disconnect' as const }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('read' as const), at: fc.nat(20) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'older' as const,
        'older' as const,
        'newer' as const,
        'hold' as const,
        'follow' as const,
        'reveal' as const,
        'clear' as const,
        'unclear' as const,
        'suspend' as const,
        'resume' as const,
        'retry' as const,
        'reload' as const,
      ),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function idsOf({ rows }: Feed<Stored>): readonly string[] {
  return rows.slice(0, rows.length).flatMap(({ event }) => event?.id ?? []);
}

async function take(feed: Feed<Stored>, server: LogServer, each: Step): Promise<void> {
  if (each.type === 'store') server.store(each.times);
  else if (each.type === 'deliver') await server.deliver(each.count);
  else if (each.type === 'respond') await server.respond();
  else if (each.type === 'fail') await server.fail();
  else if (each.type === 'disconnect') await server.disconnect();
  else if (each.type === 'read') feed.read(each.at);
  else if (each.type === 'older' || each.type === 'newer') void feed[each.type]().catch(() => undefined);
  else feed[each.type]();
  await server.settle();
}

/** Delivers and answers everything, with the reader at the top. */
async function finish(feed: Feed<Stored>, server: LogServer): Promise<void> {
  feed.read(0);
  feed.resume();
  if (feed.snapshot.state === 'waiting') feed.retry();
  feed.unclear();
  feed.follow();
  for (let round = 0; round < 6; round += 1) {
    await server.settle();
    await server.respondAll();
    await server.deliver(1000);
  }
}

test.each([
  ['occurred', 1000],
  ['occurred', 12],
  ['log', 1000],
  ['log', 12],
] as const)('whatever happens, the rows are the first ones of the plain query in the end: order %s, %i rows', async (order, maxRows) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(6), async (steps, stored) => {
      const server = createLogServer();
      server.store(Array.from({ length: stored }, (_, n) => (n * 7) % 10));
      const options: FeedOptions = { order, maxRows, maxHeld: 3, pageSize: 3, nextPageSize: 4, schedule: (publish) => publish() };
      using feed = createFeed<Stored>(server.tidings, options);
      for (const each of steps) {
        const before = idsOf(feed);
        const isStill = feed.snapshot.isHolding && !feed.snapshot.hasNewer && each.type === 'deliver' && server.isLive();
        await take(feed, server, each);
        const ids = idsOf(feed);
        expect(new Set(ids).size).toBe(ids.length);
        if (isStill) expect(ids).toEqual(before);
        expect(ids.length).toBeLessThanOrEqual(maxRows + 4);
      }
      await finish(feed, server);
      const expected = server.plainQuery(order).map(({ id }) => id);
      const ids = idsOf(feed);
      expect(ids).toEqual(expected.slice(0, ids.length));
      expect(ids.length === expected.length || feed.snapshot.hasOlder).toBe(true);
      expect(ids.length).toBeGreaterThanOrEqual(Math.min(expected.length, 3));
      expect(feed.snapshot).toMatchObject({ heldCount: 0, hasNewer: false, state: 'live', error: null });
      while (feed.snapshot.hasOlder && maxRows > 100) {
        void feed.older();
        await server.settle();
        await server.respondAll();
      }
      if (maxRows > 100) expect(idsOf(feed)).toEqual(expected);
    }),
    { numRuns: 400 },
  );
});
