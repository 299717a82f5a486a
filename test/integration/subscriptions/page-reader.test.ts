import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { origin, type Position } from '../../../src/event/cursor.ts';
import { toDocument } from '../../../src/event/document.ts';
import { labelKeys, type EventPart, type StoredEvent } from '../../../src/event/event.ts';
import { everything } from '../../../src/filter/filter.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { subscribeToEvents } from '../../../src/subscriptions/event-subscription.ts';
import { streamEvents } from '../../../src/subscriptions/stream/stream-events.ts';
import { PageReader, type LogReaderRequest, type Step } from '../../../src/subscriptions/page-reader.ts';
import { startStreams, type Streams } from '../../support/streams.ts';

// A client that takes pages fast gets large ones, read ahead; another one costs one small page.
let streams: Streams;
let head: Position;
const total = 3000;
const ids = Array.from({ length: total }, (_, n) => `e-${n}`);
beforeAll(async () => {
  streams = await startStreams();
  for (let n = 0; n < total; n += 1000) head = await streams.emit(...ids.slice(n, n + 1000));
});
afterAll(() => streams[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

const request: LogReaderRequest = { filter: everything, client: 'test', pageEvents: 100 };
const idsOf = ({ events }: Step): readonly string[] => events.map(({ id }) => id);
const never = new AbortController().signal;

/** The real database, with a count of page statements, and failures on demand. */
function watched() {
  const { database } = streams.parts;
  const seen = { begun: 0, running: 0, aborted: 0, fails: false };
  const reads: Database['reads'] = (reader) => {
    const real = database.reads(reader);
    reader.signal?.addEventListener('abort', () => (seen.aborted += 1));
    return {
      ...real,
      async rows(statement, planMode) {
        seen.begun += 1;
        if (seen.fails) throw new Error('the database failed');
        return real.rows(statement, planMode);
      },
    };
  };
  return { seen, parts: { heads: streams.parts.heads, database: { ...database, reads } } };
}

/** All steps up to the head. `between` runs after each. */
async function readAll(reader: PageReader, between: (step: Step) => Promise<void> | void = () => undefined): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (let at = origin as Position; at < head;) {
    const step = await reader.read(at, never);
    steps.push(step);
    at = step.upTo;
    await between(step);
  }
  return steps;
}

test('a fast client gets every event once, in order, on pages that grow', async () => {
  const { parts, seen } = watched();
  using reader = new PageReader(parts, request);
  const steps = await readAll(reader);
  expect(steps.flatMap(idsOf)).toEqual(ids);
  expect(Math.max(...steps.map(({ events }) => events.length))).toBe(500);
  expect(seen.begun).toBeLessThan(12);
});

test('a slow client gets every event once, on small pages, and none is read before it asks', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { parts, seen } = watched();
  using reader = new PageReader(parts, request);
  let statements = 0;
  const steps = await readAll(reader, async () => {
    expect(seen.begun).toBe(statements + 1);
    statements = seen.begun;
    vi.advanceTimersByTime(1000);
  });
  expect(steps.flatMap(idsOf)).toEqual(ids);
  expect(Math.max(...steps.map(({ events }) => events.length))).toBe(100);
});

test('a failed read ahead is repeated, and its error is thrown only if it fails again', async () => {
  const { parts, seen } = watched();
  using reader = new PageReader(parts, request);
  const first = await reader.read(origin, never);
  seen.fails = true;
  const second = await reader.read(first.upTo, never).catch(() => null);
  expect(second).toBeNull();
  seen.fails = false;
  const third = await reader.read(first.upTo, never);
  seen.fails = true; // the page after this one is read ahead, and fails
  const fourth = await reader.read(third.upTo, never).catch(() => null);
  seen.fails = false;
  const got = [first, third, fourth ?? (await reader.read(third.upTo, never))];
  expect(got.flatMap(idsOf)).toEqual(ids.slice(0, got.flatMap(idsOf).length));
});

test('a page that was read ahead from another position is not used', async () => {
  const { parts } = watched();
  using reader = new PageReader(parts, request);
  const first = await reader.read(origin, never);
  await reader.read(first.upTo, never); // reads ahead
  const again = await reader.read(origin, never);
  expect(again.events[0]?.id).toBe(ids[0]);
});

test('disposing and aborting cancel a read ahead', async () => {
  for (const end of ['dispose', 'abort'] as const) {
    const { parts, seen } = watched();
    const reader = new PageReader(parts, request);
    const first = await reader.read(origin, never);
    const second = await reader.read(first.upTo, never);
    if (end === 'dispose') reader[Symbol.dispose]();
    else {
      const abort = new AbortController();
      const reading = reader.read(second.upTo, abort.signal).catch(() => null);
      abort.abort();
      await reading;
    }
    expect(seen.aborted).toBeGreaterThan(0);
    reader[Symbol.dispose]();
  }
});

test.each([
  [['labels', 'related'], { payload: {} }],
  [['payload', 'related'], { resource: { [labelKeys.id]: 'r' } }],
  [['payload', 'labels'], { related: [] }],
  [[], { resource: { [labelKeys.id]: 'r' }, related: [], payload: {} }],
] as const)('events with no other parts than %o are otherwise the same', async (parts, empty) => {
  const related = [{ id: 'x', role: 'a', labels: { k: 'v' } }];
  const after = head;
  head = await streams.store([
    { id: `whole-${parts.join()}`, event: 'b', resource: { id: 'r', labels: { k: 'v' } }, related, payload: { n: 1 } },
  ]);
  using complete = new PageReader(streams.parts, request);
  using reader = new PageReader(streams.parts, { ...request, parts: new Set<EventPart>(parts) });
  const { events } = await complete.read(after, never);
  const documentOf = (event: StoredEvent) => ({ ...toDocument(event), received: event.received, position: event.position });
  const found = (await reader.read(after, never)).events.map(documentOf);
  expect(found).toEqual(events.map((event) => ({ ...documentOf(event), ...empty })));
});

test('events that are dropped before they are taken are read again, each once', async () => {
  const common = { filter: everything, client: 'test' };
  const start = { position: origin, replaced: false, given: { epoch: '', position: origin } };
  const stream = { ...common, start, until: head, batchSize: 70, maxBytes: 786_432 } as const;
  await using events = owned(await subscribeToEvents(streams.parts, { ...common, after: origin }));
  await using inOrder = owned(await streamEvents(streams.parts, { ...stream, order: 'LOG' }));
  await using causal = owned(await streamEvents(streams.parts, { ...stream, order: 'CAUSAL' }));
  for (const { source } of [events, inOrder, causal]) {
    const received: string[] = [];
    for (let messages = 0; received.length < total; messages += 1) {
      const message = (await source.next()).value as StoredEvent | { readonly events?: readonly StoredEvent[] };
      const batch = 'id' in message ? [message] : (message.events ?? []);
      received.push(...batch.map(({ id }) => id));
      if (messages % 97 === 0 || batch.length > 1) source.dropRead();
    }
    expect(received.slice(0, total)).toEqual(ids); // other tests add some
  }
});

function owned<Source extends { next(): Promise<IteratorResult<object>>; dropRead(): void; end(): void }>(source: Source) {
  return { source, [Symbol.asyncDispose]: async () => source.end() };
}
