import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimeSlices, yieldToEventLoop } from '../../../src/concurrency/time-slices.ts';
import { WakeSignal } from '../../../src/concurrency/wake-signal.ts';
import type { Position } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import type { Condition } from '../../../src/filter/filter.ts';
import { matches } from '../../../src/filter/matches.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { Tail, TailObserver } from '../../../src/log/tail.ts';
import { TailBuffer } from '../../../src/log/tail-buffer.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { createSharedMatches, type FilterMatches } from '../../../src/subscriptions/matching/shared-matches.ts';
import { anyEvent, anyFilter } from '../../support/oracles/random-filters.ts';
import { storedOf } from '../support/valid-event.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const bounds = { filterNodes: 500, filterDepth: 10, filterListLength: 1000 };
const parsed = (input: EventFilterInput): Condition => parseFilter(input, ['filter'], bounds);
const seed = testSeed();

/** A tail whose head moves only when the test says so. */
function fakeTail(bufferedEvents: number) {
  const buffer = new TailBuffer(0 as Position, { events: bufferedEvents, bytes: 1 << 30 });
  const observers: TailObserver[] = [];
  const stopping = new AbortController();
  const tail = {
    observe: (observer: TailObserver) => void observers.push(observer),
    head: () => buffer.head,
    bufferedAfter: (position: Position, limit: number) => buffer.after(position, limit),
    stopped: stopping.signal,
    headSignal: new WakeSignal(),
  } as unknown as Tail;
  const move = async (events: readonly StoredEvent[], from = buffer.head): Promise<void> => {
    const step = { events, bytes: events.map(() => 1), from, upTo: events.at(-1)!.position };
    const completions = await Promise.all(observers.map((observer) => observer(step)));
    buffer.extend(step);
    completions.forEach((done) => done());
  };
  return { tail, move };
}

function start({ bufferedEvents = 10_000, maxSteps = 2000, database = {} }) {
  const { tail, move } = fakeTail(bufferedEvents);
  const timeSlices = new TimeSlices();
  const reads = { reads: () => database } as unknown as Database;
  const parts = { tail, timeSlices, database: reads, metrics: createMetrics() };
  return { tail, move, timeSlices, shared: createSharedMatches(parts, { sliceMs: 0, maxSteps }) };
}

const eventAt = (position: number, event: object): StoredEvent => ({
  ...storedOf({ id: `e${position}`, event: 'a.b', resource: { id: 'r' }, ...event } as Parameters<typeof storedOf>[0]),
  position: position as Position,
});

async function caughtUp(tail: Tail, ...all: FilterMatches[]): Promise<void> {
  for (let turns = 0; !all.every((each) => each.head() >= tail.head()); turns += 1) {
    expect(turns, 'the matchers do not catch up').toBeLessThan(100_000);
    await yieldToEventLoop();
  }
}

test.each([0, 10, 2000])(
  'clients that subscribe and leave get what a loop over all filters finds, and no filter knows events that were removed unread, with %i steps before the head moves',
  async (maxSteps) => {
    const { tail, move, shared } = start({ maxSteps });
    const filters = fc.sample(anyFilter, { seed, numRuns: 60 }).map(parsed);
    const events = fc.sample(anyEvent, { seed, numRuns: 400 }).map((event, n) => eventAt(n + 1, { ...event, id: `e${n}` }));
    const open: { from: number; filter: Condition; found: FilterMatches }[] = [];
    const choices = fc.sample(fc.nat(1000), { seed, numRuns: 400 });
    let at = 0;
    /** The last event that retention has removed before the tail could read it, and the end of the step after it. */
    let removed = { upTo: 0, stepEnd: 0 };
    const check = ({ from, filter, found }: (typeof open)[number]): void => {
      const knownFrom = from < removed.upTo ? removed.stepEnd : from;
      const expected = events.filter(({ position }) => position > knownFrom && position <= at).filter((event) => matches(filter, event));
      const known = found.after(knownFrom as Position, Infinity);
      if (from < removed.upTo) expect(found.knows(from as Position)).toBe(false);
      // Filters that are tested in the turns of their client may be known from a later position.
      if (from >= removed.upTo || known !== null) expect(known, JSON.stringify(filter)).toEqual(expected.map(({ position }) => position));
    };
    for (const choice of choices) {
      const filter = filters[choice % filters.length]!;
      if (choice % 5 < 3) open.push({ from: tail.head(), filter, found: shared.filterMatches(filter, `client ${choice % 3}`) });
      if (choice % 7 === 0) open.splice(choice % (open.length + 1), 1)[0]?.found[Symbol.dispose]();
      if (choice % 3 === 0 && at < events.length) {
        const from = choice % 13 === 0 && at + 10 < events.length ? at + (choice % 10) : at;
        const end = Math.min(from + 1 + (choice % 6), events.length);
        const moving = move(events.slice(from, end), from as Position);
        // Some come while the events are being matched: they know the matches after them.
        const late = shared.filterMatches(filter, 'late');
        await moving;
        if (from > at) {
          removed = { upTo: from, stepEnd: end };
          // A matcher forgets its filters at the head of that time, also those that come before it does.
          await caughtUp(tail, late, ...open.map(({ found }) => found));
        }
        at = end;
        open.push({ from: at, filter, found: late });
      }
      if (choice % 11 === 0) {
        await caughtUp(tail, ...open.map(({ found }) => found));
        open.forEach(check);
      }
    }
    await caughtUp(tail, ...open.map(({ found }) => found));
    open.forEach(check);
    console.log(`shared matches: ${open.length} open at the end, ${at} events`);
  },
);

test('the head moves before the filters beyond the steps of a client are tested, and quick filters of others are known then', async () => {
  const { tail, move, shared } = start({});
  let tests = 0;
  const counted = (n: number): Condition => ({
    kind: 'contains',
    get searchTerm() {
      tests += 1;
      return `term ${n}`;
    },
  });
  const slow = Array.from({ length: 300 }, (_, n) => shared.filterMatches(counted(n), 'expensive'));
  const plain = shared.filterMatches(parsed({ event: { in: ['a.b'] } }), 'plain');
  let isAwake = false;
  plain.matchSignal.add({ wake: () => (isAwake = true) });
  tests = 0;
  await move([eventAt(1, { payload: { text: 'term 1 '.repeat(1000) } })]);
  expect([tail.head(), plain.head(), isAwake, slow[0]!.head()]).toEqual([1, 1, true, 0]);
  expect(plain.after(0 as Position, 10)).toEqual([1]);
  await caughtUp(tail, ...slow);
  expect(slow[1]!.after(0 as Position, 10)).toEqual([1]);
});

test('many quick filters of one client are tested in its turns too, and those of another before the head moves', async () => {
  const { tail, move, shared } = start({ maxSteps: 100 });
  const own = Array.from({ length: 500 }, (_, n) => shared.filterMatches(parsed({ event: { notIn: [`x${n}`] } }), 'many'));
  const other = shared.filterMatches(parsed({ event: { notIn: ['y'] } }), 'other');
  await move([eventAt(1, {})]);
  const behind = own.filter((each) => each.head() === 0);
  expect(behind).toHaveLength(400);
  expect(other.after(0 as Position, 10)).toEqual([1]);
  await caughtUp(tail, ...own);
  expect(own.every((each) => each.after(0 as Position, 10)?.length === 1)).toBe(true);
});

test('a client that falls behind the tail buffer forgets matches, wakes its readers, and goes on from the head', async () => {
  const { tail, move, shared } = start({ bufferedEvents: 5 });
  const found = shared.filterMatches(parsed({ text: 'needle' }), 'client');
  let wakes = 0;
  found.matchSignal.add({ wake: () => (wakes += 1) });
  const events = Array.from({ length: 20 }, (_, n) => eventAt(n + 1, { payload: { text: 'needle' } }));
  await move(events);
  await caughtUp(tail, found);
  expect([found.knows(0 as Position), found.after(0 as Position, 10), wakes]).toEqual([false, null, 1]);
  await move([eventAt(21, { payload: { text: 'needle' } })]);
  await caughtUp(tail, found);
  expect(found.after(20 as Position, 10)).toEqual([21]);
});

test('a test that the database cannot run makes its client forget, and no other', async () => {
  const { tail, move, shared } = start({ database: { rows: () => Promise.reject(new Error('no database')) } });
  const large = { payload: { list: Array.from({ length: 200_000 }, (_, n) => n) } };
  const failing = shared.filterMatches(parsed({ payload: [{ path: 'list.*', in: [-1, -2, -3] }] }), 'failing');
  const other = shared.filterMatches(parsed({ text: 'a.b' }), 'other');
  await move([eventAt(1, large)]);
  await caughtUp(tail, failing, other);
  expect(failing.after(0 as Position, 10)).toBe(null);
  expect(other.after(0 as Position, 10)).toEqual([1]);
});
