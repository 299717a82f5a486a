import * as fc from 'fast-check';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { anonymous } from '../../../src/auth/caller.ts';
import { createLoaders } from '../../../schema/loaders.ts';
import { unbounded } from '../../../src/store/database/read-budget.ts';
import { isClockAhead, type StoredEvent } from '../../../src/event/event.ts';
import { fromMicros, toMicros, type Instant } from '../../../src/event/instant.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { readSettings } from '../../../src/settings.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { createHeadReader, readHead } from '../../../src/store/log/log-head.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { origin } from '../../../src/event/cursor.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { newDatabase, post, startTestServer, listenTo } from '../../support/test-server.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();
const minute = 60_000_000n;
const shifted = (time: Instant, minutes: number): Instant => fromMicros(toMicros(time) + BigInt(minutes) * minute)!;

test('the newest state of every resource is the latest event by occurred, or by receipt where a clock was ahead', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings(testDatabase.environment);
  await using store = await openStore(settings);
  const { database } = store;
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const drawn = fc.sample(
    fc.record({
      primary: fc.constantFrom(...ids),
      related: fc.array(fc.constantFrom(...ids), { maxLength: 2 }),
      /** Minutes by which the clock was ahead; and those since the event was received. */
      ahead: fc.oneof(fc.integer({ min: -90, max: 5 }), fc.integer({ min: 4, max: 60 }), fc.constant(40_000_000)),
      age: fc.integer({ min: 0, max: 60 }),
    }),
    { seed, numRuns: 160 },
  );
  const now = fromMicros(BigInt(Date.now()) * 1000n)!;
  await appendEvents(
    database,
    drawn.map(({ primary, related }, n) => ({
      id: `e${n}`,
      occurred: now,
      event: n % 3 === 0 ? 'hidden' : 'shown',
      resource: { id: primary, labels: { n: String(n) } },
      related: related.map((id) => ({ id, role: 'r', labels: { n: String(n) } })),
      payload: null,
      follows: null,
    })),
    'REJECT_ALL',
  );
  // Received in the order of the log, the last one just now.
  const ages = drawn.map(({ age }) => age).toSorted((a, b) => b - a);
  const times = drawn.map(({ ahead }, n) => {
    const received = shifted(now, -ages[n]!);
    return { id: `e${n}`, received, occurred: shifted(received, Math.min(ahead, 40_000_000)) };
  });
  await database.rows(sql`
    update tidings.events e set received = t.received, occurred = t.occurred
    from jsonb_to_recordset(${JSON.stringify(times)}::text::jsonb) as t (id text, received timestamptz, occurred timestamptz)
    where e.id = t.id`);
  const head = await readHead(database);
  const { events } = await readLog(database, { after: origin, head, limit: 1000 });
  expect(events.filter(isClockAhead).length).toBeGreaterThan(30);
  const heads = createHeadReader(database);
  const shown = { ...anonymous, visibilityFilter: parseFilter({ event: { in: ['shown'] } }, ['filter'], settings) };
  for (const [from, to] of [
    [0, 0],
    [0, 64],
    [64, 160],
  ] as const) {
    await indexEvents(database, events.slice(from, to), { block: 4, rowGroup: 16 });
    for (const [caller, seen] of [
      [anonymous, events],
      [shown, events.filter(({ event }) => event === 'shown')],
    ] as const) {
      const resources = await createLoaders({ database, heads }, { caller, budget: unbounded }).resources({
        idPrefix: '',
        after: null,
        limit: 100,
      });
      expect(
        resources.map(({ id, labels }) => [id, labels['n']]),
        `indexed to ${to}`,
      ).toEqual(ids.flatMap((id) => (newestOf(id, seen) === null ? [] : [[id, newestOf(id, seen)]])));
    }
  }
});

/** In the plainest way. */
function newestOf(id: string, events: readonly StoredEvent[]): string | null {
  const timeOf = ({ occurred, received }: StoredEvent): Instant =>
    toMicros(occurred) - toMicros(received) > 5n * minute ? received : occurred;
  const [newest] = events
    .filter(({ resource, related }) => [resource, ...related].some((each) => each.id === id))
    .toSorted((a, b) => (timeOf(a) === timeOf(b) ? b.position - a.position : timeOf(a) < timeOf(b) ? 1 : -1));
  return newest?.id.slice(1) ?? null;
}

test('an event of 2099 shows its state until the next event, in queries and in live events', async () => {
  await using server = await startTestServer();
  const emit = async (state: string, occurred?: string): Promise<void> => {
    const input = { event: 'a', resource: { id: 'r', labels: { state } }, ...(occurred === undefined ? {} : { occurred }) };
    await post(server.tidings.url, 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  };
  const stateNow =
    '{ resource(id: "r") { label(key: "state") } resources { nodes { label(key: "state") } } events { nodes { resource { resource { label(key: "state") } } } } }';
  const expectState = async (state: string): Promise<void> => {
    const { resource, resources, events } = await server.data(stateNow);
    const states = [resource, ...resources.nodes, ...events.nodes.map((node: any) => node.resource.resource)];
    expect(new Set(states.map(({ label }) => label))).toEqual(new Set([state]));
  };
  await emit('first');
  await emit('wrong clock', '2099-01-01T00:00:00Z');
  await expectState('wrong clock');
  const { head } = await server.data('{ head }');
  const live = listenTo(
    server.socket(),
    'subscription ($after: Cursor) { events(after: $after) { resource { label(key: "state") resource { label(key: "state") } } } }',
    { after: head },
  );
  const next = live.next();
  await emit('right clock');
  await expectState('right clock');
  await emit('late', '2020-01-01T00:00:00Z');
  await expectState('right clock');
  const { value } = await next;
  expect(value.data.events.resource).toEqual({ label: 'right clock', resource: { label: 'right clock' } });
});
