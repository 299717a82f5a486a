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

/** What happens to a window that has left the newest rows. */
const windowStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('store' as const), times: fc.array(fc.nat(9), { maxLength: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 6, arbitrary: fc.constant({ type: 'respond' as const }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('read' as const), at: fc.constantFrom(0, 20) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('older' as const, 'newer' as const, 'hold' as const) }) },
);

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
    { numRuns: 200 },
  );
});

test.each(['occurred', 'log'] as const)('a window that moved down comes back to the newest rows page by page: order %s', async (order) => {
  let times = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(windowStep, { maxLength: 50 }), fc.integer({ min: 2, max: 4 }), async (steps, pages) => {
      const server = createLogServer();
      server.store(Array.from({ length: 30 }, (_, n) => (n * 7) % 10));
      const options: FeedOptions = { order, maxRows: 10, maxHeld: 3, pageSize: 3, nextPageSize: 4, schedule: (publish) => publish() };
      using feed = createFeed<Stored>(server.tidings, options);
      await server.respondAll();
      await server.deliver(1);
      feed.hold();
      for (let page = 0; page < pages; page += 1) {
        feed.read(20);
        void feed.older();
        await server.settle();
        await server.respondAll();
      }
      for (const each of steps) {
        await take(feed, server, each);
        if (feed.snapshot.hasNewer) times += 1;
        const ids = idsOf(feed);
        expect(new Set(ids).size).toBe(ids.length);
      }
      await server.respondAll();
      await server.deliver(1000);
      feed.read(0);
      for (let page = 0; page < 40 && feed.snapshot.hasNewer; page += 1) {
        void feed.newer();
        await server.settle();
        await server.respondAll();
        await server.deliver(1000);
      }
      feed.follow();
      await server.settle();
      await server.respondAll();
      await server.deliver(1000);
      await server.deliver(1000);
      const ids = idsOf(feed);
      expect(ids).toEqual(
        server
          .plainQuery(order)
          .slice(0, ids.length)
          .map(({ id }) => id),
      );
      expect(feed.snapshot).toMatchObject({ heldCount: 0, hasNewer: false, state: 'live' });
    }),
    { numRuns: 200 },
  );
  expect(times).toBeGreaterThan(100);
});

test.each(['RETENTION', 'LOG_REPLACED'])('a gap of the kind %s is a row where events are missing', async (reason) => {
  const server = createLogServer();
  server.store([1, 2]);
  using feed = createFeed<Stored>(server.tidings, { schedule: (publish) => publish() });
  await server.respondAll();
  server.store([3, 3]);
  server.removeAll(reason);
  await server.deliver(1);
  server.store([4]);
  await server.deliver(1);
  const rows = feed.rows.slice(0, 9);
  expect(rows.map(({ event, gap }) => event?.id ?? gap?.reason)).toEqual(['e5', reason, 'e2', 'e1']);
  expect(rows[1]!.gap).toMatchObject({ after: '2026-01-01T00:00:01.000000Z', noticed: expect.stringMatching(/^20/) });
  expect(feed.indexOf(rows[1]!.gap!.id)).toBe(1);
  expect(feed.snapshot).toMatchObject({ gaps: 1, state: 'live' });
  expect(feed.snapshot.rows.map(({ id }) => id)).toEqual(['e5', 'e2', 'e1']);
});

test('held events are counted, late ones apart, and reveal returns how many came above a row', async () => {
  const server = createLogServer();
  server.store([4, 5]);
  using feed = createFeed<Stored>(server.tidings, { maxHeld: 5, schedule: (publish) => publish() });
  await server.respondAll();
  feed.hold();
  server.store([6, 3, 7]);
  await server.deliver(10);
  expect(feed.snapshot.held).toEqual({ count: 3, late: 1, after: null });
  expect(feed.reveal('e2')).toBe(2);
  expect(idsOf(feed)).toEqual(['e5', 'e3', 'e2', 'e1', 'e4']);
  expect(feed.snapshot).toMatchObject({ heldCount: 0, isHolding: true });

  server.store([8, 8, 8, 8, 8, 8, 8]); // more than are kept
  await server.deliver(10);
  expect(feed.snapshot.held).toEqual({ count: 7, late: 0, after: '5' });
  expect(feed.reveal('e2')).toBe(0);
  await server.deliver(10);
  expect(idsOf(feed)).toEqual(['e12', 'e11', 'e10', 'e9', 'e8', 'e7', 'e6', 'e5', 'e3', 'e2', 'e1', 'e4']);
  server.store([9]);
  await server.deliver(10);
  expect(feed.snapshot).toMatchObject({ heldCount: 1, isHolding: true }); // it holds again
});

test('a feed that is disposed notifies nobody, also of a change that waits for its frame', async () => {
  const server = createLogServer();
  server.store([1, 2]);
  const scheduled: (() => void)[] = [];
  let changes = 0;
  const feed = createFeed<Stored>(server.tidings, { schedule: (publish) => void scheduled.push(publish) });
  feed.subscribe(() => (changes += 1));
  await server.settle();
  await server.respondAll();
  const frame = (): void => scheduled.splice(0).forEach((publish) => publish());
  frame();
  expect(changes).toBe(1);
  feed.hold();
  expect(scheduled).toHaveLength(1);
  feed[Symbol.dispose]();
  frame();
  expect(changes).toBe(1);
});
