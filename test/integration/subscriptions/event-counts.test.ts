import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { deferred } from '../../../src/concurrency/deferred.ts';
import { readSettings } from '../../../src/settings.ts';
import { parseCountBy, type CountByInput } from '../../../src/counts/dimensions.ts';
import { type CountBucket, changedBuckets } from '../../../src/counts/buckets.ts';
import type { Position } from '../../../src/event/cursor.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import type { CountsMessage } from '../../../src/subscriptions/counts/count-reader.ts';
import { CountSubscriptions } from '../../../src/subscriptions/counts/count-subscription.ts';
import { occurredBounds } from '../../../src/filter/time-bounds.ts';
import { readCounts } from '../../../src/store/counts/count-events.ts';
import { anyEvent } from '../../support/oracles/random-filters.ts';
import { startStreams, type Streams } from '../../support/streams.ts';
import { listenTo, startTestServer, type TestServer } from '../../support/test-server.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();
const settings = readSettings({});

interface Question {
  readonly by: readonly CountByInput[];
  readonly filter?: EventFilterInput;
  readonly intervalMs: number;
  /** Takes its second message only after all events are stored. */
  readonly slow?: true;
}

const berlin: CountByInput = { time: { unit: 'DAY', timeZone: 'Europe/Berlin' } };
const questions: readonly Question[] = [
  { by: [berlin], intervalMs: 50 },
  { by: [berlin], intervalMs: 70 },
  { by: [berlin], intervalMs: 200 },
  { by: [{ resource: { segments: 1 } }, { label: { key: 'k' } }], intervalMs: 60 },
  { by: [{ role: { role: 'actor' } }], intervalMs: 50 },
  { by: [{ payload: { path: 'a' } }], filter: { resource: { id: { in: ['a', 'b', '%'] } } }, intervalMs: 100 },
  { by: [{ event: {} }], filter: { resource: { id: { in: ['nowhere'] } } }, intervalMs: 50 },
  { by: [{ event: {} }, berlin], intervalMs: 50, slow: true },
];

test('a snapshot and its deltas add up to the count at each cursor', async () => {
  await using streams = await startStreams({ events: 60, bytes: 1_000_000 });
  const hours = fc.sample(fc.integer({ min: 0, max: 200 }), { seed, numRuns: 900 });
  const events = fc.sample(anyEvent, { seed, numRuns: 900 }).map((event, n) => ({
    ...event,
    id: `e${n}`,
    occurred: new Date(Date.parse('2026-10-20T00:00:00Z') + hours[n]! * 3_600_000).toISOString(),
  }));
  await streams.store(events.slice(0, 100));
  const counts = new CountSubscriptions();
  let stored: Position | null = null;
  const begun = questions.map(() => deferred<void>());
  const storing = (async () => {
    for (let at = 100; at < 800; at += 10) await streams.store(events.slice(at, at + 10));
    // However fast that was, no first message counts all.
    await Promise.all(begun.map(({ promise }) => promise));
    for (let at = 800; at < 890; at += 10) await streams.store(events.slice(at, at + 10));
    stored = await streams.store(events.slice(890));
  })();
  const messages = await Promise.all(
    questions.map((question, index) =>
      follow(streams, { counts, question, storing, end: () => stored, onFirst: () => begun[index]!.resolve() }),
    ),
  );
  await storing;
  const deltas = messages.reduce((sum, { kinds }) => sum + kinds.filter((kind) => kind === 'DELTA').length, 0);
  console.log(`live counts: ${deltas} deltas`);
  expect(deltas).toBeGreaterThan(questions.length / 2);
  expect(messages[6]!.kinds).toEqual(['SNAPSHOT']);
});

/** Takes messages until all events are counted, and compares the sum after each with the store. */
async function follow(
  streams: Streams,
  {
    counts,
    question,
    storing,
    end,
    onFirst,
  }: { counts: CountSubscriptions; question: Question; storing: Promise<void>; end: () => Position | null; onFirst: () => void },
): Promise<{ readonly kinds: readonly string[] }> {
  const dimensions = parseCountBy(question.by, ['by']);
  const filter = parseFilter(question.filter, ['filter'], settings);
  const request = {
    filter,
    dimensions,
    bounds: occurredBounds(filter),
    dimensionsKey: JSON.stringify(question.by),
    intervalMs: question.intervalMs,
    reader: { client: 'test', signal: new AbortController().signal },
  };
  const source = await counts.subscribe(streams.parts, request);
  let began = performance.now();
  /** Messages that no interval delays. A slow client gets all that was stored meanwhile with one. */
  let undelayed = 1;
  const kinds: string[] = [];
  let sum = new Map<string, CountBucket>();
  let total = 0;
  for (;;) {
    if (question.slow && kinds.length === 1) {
      await storing;
      began = performance.now();
      undelayed = 2;
    }
    const message = (await source.next()).value as CountsMessage;
    if (message.kind === 'FAILED') throw message.error;
    if (kinds.push(message.kind) === 1) onFirst();
    if (message.kind === 'SNAPSHOT') [sum, total] = [new Map(), 0];
    total += message.total;
    for (const bucket of message.buckets) add(sum, bucket);
    const table = await readCounts(streams.parts.database, { filter, dimensions, head: message.cursor });
    const description = `${JSON.stringify(question)}, message ${kinds.length}`;
    expect(total, description).toBe(table.total);
    expect([...sum.values()].filter(({ count }) => count > 0).toSorted(byName), description).toEqual(
      changedBuckets(table.all(), dimensions).toSorted(byName),
    );
    const last = await readCounts(streams.parts.database, { filter, dimensions, head: end() ?? message.cursor });
    if (end() !== null && total === last.total) break;
    if (question.filter !== undefined && table.total === 0) {
      await storing;
      break;
    }
  }
  expect(kinds.length - undelayed, 'more messages than one in each interval').toBeLessThanOrEqual(
    (performance.now() - began) / question.intervalMs,
  );
  await source.return();
  return { kinds };
}

function add(sum: Map<string, CountBucket>, bucket: CountBucket): void {
  const name = JSON.stringify(bucket.keys);
  const before = sum.get(name);
  const occurred = [before, bucket].flatMap((each) => [each?.firstOccurred ?? [], each?.lastOccurred ?? []].flat()).toSorted();
  sum.set(name, {
    ...bucket,
    count: (before?.count ?? 0) + bucket.count,
    firstOccurred: occurred[0] ?? null,
    lastOccurred: occurred.at(-1) ?? null,
  });
}

function byName(a: CountBucket, b: CountBucket): number {
  return JSON.stringify(a.keys) < JSON.stringify(b.keys) ? -1 : 1;
}

const live = `subscription ($by: [CountBy!]!, $filter: EventFilter, $intervalMs: Int) {
  eventCounts(by: $by, filter: $filter, intervalMs: $intervalMs) { kind total cursor buckets { keys start end count firstOccurred lastOccurred } }
}`;

test('equal subscriptions share one count and one encoding, and leave nothing behind', async () => {
  await using server = await startTestServer();
  const sockets = [server.socket(), server.socket()];
  const streams = Array.from({ length: 10 }, (_, n) => listenTo(sockets[n % 2]!, live, { by: [{ event: {} }], intervalMs: 50 }));
  for (const stream of streams)
    expect((await stream.next()).value.data.eventCounts).toMatchObject({ kind: 'SNAPSHOT', total: 0, buckets: [] });
  const before = await metric(server, 'tidings_subscription_results_encoded_total');
  await emit(server, 'a');
  for (const stream of streams) {
    const { kind, total, buckets } = (await stream.next()).value.data.eventCounts;
    expect({ kind, total, buckets }).toMatchObject({ kind: 'DELTA', total: 1, buckets: [{ keys: ['a'], count: 1 }] });
  }
  expect((await metric(server, 'tidings_subscription_results_encoded_total')) - before).toBe(1);
  for (const stream of streams) await stream.return?.();
  await expect.poll(() => metric(server, 'tidings_subscriptions'), { timeout: 30_000 }).toBe(0);
  await expect
    .poll(async () => (await (await fetch(`${server.tidings.url}/metrics`)).text()).match(/tidings_subscription_filters\{[^}]*\} [1-9]/), {
      timeout: 30_000,
    })
    .toBeNull();
});

test('a snapshot includes everything acknowledged before, also when it joins an existing count', async () => {
  await using server = await startTestServer();
  const socket = server.socket();
  const first = listenTo(socket, live, { by: [{ event: {} }], intervalMs: 60_000 });
  expect((await first.next()).value.data.eventCounts.total).toBe(0);
  for (const name of ['a', 'b', 'a']) {
    await emit(server, name);
    const stream = listenTo(socket, live, { by: [{ event: {} }], intervalMs: 60_000 });
    const { kind, cursor, ...counted } = (await stream.next()).value.data.eventCounts;
    const {
      head,
      truncated: _,
      ...question
    } = (
      await server.data(
        `{ eventCounts(by: [{ event: {} }]) { total head truncated buckets { keys start end count firstOccurred lastOccurred } } }`,
      )
    ).eventCounts;
    expect({ kind, counted }).toEqual({ kind: 'SNAPSHOT', counted: question });
    expect(cursor).toBe(head);
    await stream.return?.();
  }
  await first.return?.();
});

test('a live count over more intervals than are zero-filled has the buckets with events', async () => {
  await using server = await startTestServer();
  await emit(server, 'a');
  const filter = { occurred: { since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' } };
  const stream = listenTo(server.socket(), live, { by: [{ time: { unit: 'SECOND' } }], filter, intervalMs: 50 });
  for (const kind of ['SNAPSHOT', 'DELTA']) {
    const { eventCounts } = (await stream.next()).value.data;
    expect(eventCounts).toMatchObject({ kind, total: 1, buckets: [{ count: 1 }] });
    if (kind === 'SNAPSHOT') await emit(server, 'a');
  }
});

test('a live count with an invalid request is rejected', async () => {
  await using server = await startTestServer();
  const byEvent = { by: [{ event: {} }] };
  for (const [variables, code, message] of [
    [{ ...byEvent, intervalMs: 49 }, 'BAD_USER_INPUT', 'intervalMs: expected a whole number from 50'],
    [{ ...byEvent, intervalMs: 3_600_001 }, 'BAD_USER_INPUT', 'got 3600001'],
    [{ by: [] }, 'BAD_USER_INPUT', 'at least one dimension'],
  ] as const) {
    const result = (await listenTo(server.socket(), live, variables).next()).value;
    expect(result.errors).toEqual([
      expect.objectContaining({ message: expect.stringContaining(message), extensions: expect.objectContaining({ code }) }),
    ]);
  }
});

async function emit(server: TestServer, event: string): Promise<void> {
  await server.data('mutation ($event: String!) { emitEvent(input: { event: $event, resource: { id: "r" } }) { status } }', { event });
}

async function metric(server: TestServer, name: string): Promise<number> {
  const metrics = await (await fetch(`${server.tidings.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)![1]);
}
