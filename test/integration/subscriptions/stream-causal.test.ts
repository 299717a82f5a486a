import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import type { StreamMessage } from '../../../src/subscriptions/stream/stream-message.ts';
import { idsOf, startStreams, type Listener, type ListenOptions, type Streams } from '../../support/streams.ts';

let streams: Streams;
beforeEach(async () => {
  streams = await startStreams();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await streams[Symbol.asyncDispose]();
});

const origin = 0 as Position;
const length = 150;
/** A chain of events, the last one first. */
const reversed = Array.from({ length }, (_, index) => length - 1 - index).map((n) =>
  n === 0 ? 'link-0' : ([`link-${n}`, `link-${n - 1}`] as const),
);
const forward = Array.from({ length }, (_, n) => `link-${n}`);

const listen = (after: Position | null, { waitLimits, ...options }: ListenOptions & { waitLimits?: object } = {}): Promise<Listener> =>
  streams.listen(after, {
    ...options,
    request: { order: 'CAUSAL', ...options.request },
    settings: { waitLimits: { maxWaitMs: 30_000, maxBufferedEvents: 10_000, ...waitLimits }, ...options.settings },
  });

describe('a chain that is emitted in reverse, in several batches', () => {
  const emitChain = async (): Promise<void> => {
    for (let at = 0; at < length; at += 40) await streams.emit(...reversed.slice(at, at + 40), `between-${at}`);
  };
  const links = { event: { in: ['kind.link'] } };

  test('arrives in causal order, live', async () => {
    await using listener = await listen(null, { filter: links, request: { batchSize: 20 } });
    const taking = listener.take(length);
    await emitChain();
    expect(idsOf(await taking)).toEqual(forward);
  });

  test('arrives in causal order from history, and its cursors lose nothing', async () => {
    await emitChain();
    await using listener = await listen(origin, { filter: links, request: { batchSize: 20 } });
    const messages = await listener.take(length);
    expect(idsOf(messages)).toEqual(forward);
    expectChain(messages, origin);
    const until = await streams.parts.heads.head();
    for (const [index, message] of messages.entries()) {
      await using resumed = await listen((message as any).cursor, { filter: links, request: { until } });
      const missing = forward.slice(idsOf(messages.slice(0, index + 1)).length);
      expect(idsOf(await resumed.take(length))).toEqual(expect.arrayContaining(missing));
    }
    await using rest = await listen((messages.at(-1) as any).cursor, { filter: links, request: { until } });
    expect(idsOf(await rest.take(1))).toEqual([]);
  });
});

test('while an event is delayed, cursors stay before it, and a stream that resumes from them delivers it', async () => {
  await using listener = await listen(null);
  const { cursor: start } = await listener.next();
  const taking = listener.take(2);
  await streams.emit(['delayed', 'predecessor'], 'free-1', 'free-2');
  const ahead = await taking;
  expect(idsOf(ahead)).toEqual(['free-1', 'free-2']);
  expect((ahead.at(-1) as any).cursor).toBe(start);
  await using resumed = await listen(start);
  const again = resumed.take(4);
  const rest = listener.take(2);
  const head = await streams.emit('predecessor');
  const both = await rest;
  expect(idsOf(both)).toEqual(['predecessor', 'delayed']);
  expect(both.at(-1)).toMatchObject({ cursor: head });
  expect(idsOf(await again)).toEqual(['free-1', 'free-2', 'predecessor', 'delayed']);
});

test('an event that follows itself, a passed event, or one that does not match is not delayed', async () => {
  const start = await streams.emit('passed', 'unlike');
  await streams.emit(
    ['self', 'self'],
    ['after-passed', 'passed'],
    ['after-unlike', 'unlike'],
    ['after-later', 'later-unlike'],
    'later-unlike',
  );
  const filter = { event: { notIn: ['kind.unlike', 'kind.later'] } };
  await using listener = await listen(start, { filter });
  expect(idsOf(await listener.take(4))).toEqual(['self', 'after-passed', 'after-unlike', 'after-later']);
});

test('an event is released when its predecessor arrives and does not match', async () => {
  await using listener = await listen(null, { filter: { event: { notIn: ['kind.unlike'] } } });
  await listener.next();
  const taking = listener.take(1);
  await streams.emit(['delayed', 'unlike']);
  await streams.emit('unlike');
  expect(idsOf(await taking)).toEqual(['delayed']);
});

describe('after the time limit', () => {
  test('an event is delivered whose predecessor never comes, and then its followers', async () => {
    // The test moves the clock, since the limit could pass while a busy machine stores the events.
    // A
    // live stream checks the clock at every checkpoint interval.
    await using listener = await listen(null, { waitLimits: { maxWaitMs: 600_000 }, settings: { checkpointMs: 20 } });
    const head = await streams.emit(['b', 'a'], ['a', 'never'], 'c');
    expect(idsOf(await listener.take(1))).toEqual(['c']);
    const { now } = Date;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + 600_001);
    const released = await listener.take(2);
    expect(idsOf(released)).toEqual(['a', 'b']);
    expect(released.at(-1)).toMatchObject({ cursor: head });
  });

  test('a circle is released', async () => {
    await using listener = await listen(null, { waitLimits: { maxWaitMs: 200 } });
    const taking = listener.take(3);
    await streams.emit(['a', 'c'], ['b', 'a'], ['c', 'b']);
    expect(idsOf(await taking)).toEqual(['a', 'b', 'c']);
  });

  test('in history the limit has passed: nothing is delayed for an event that is not stored', async () => {
    await streams.emit(['b', 'never'], 'c');
    await using listener = await listen(origin, { waitLimits: { maxWaitMs: 0 } });
    expect(idsOf(await listener.take(2))).toEqual(['b', 'c']);
  });
});

test('when too many events are delayed, the one delayed longest is delivered first', async () => {
  await using listener = await listen(null, { waitLimits: { maxBufferedEvents: 2 } });
  const taking = listener.take(1);
  await streams.emit(['a', 'never'], ['b', 'never'], ['c', 'never']);
  expect(idsOf(await taking)).toEqual(['a']);
});

test('until releases delayed events, because their predecessors do not arrive on this stream', async () => {
  const until = await streams.emit('x', ['b', 'a'], 'y');
  await streams.emit('a');
  await using listener = await listen(origin, { request: { until } });
  const messages = await listener.take(4);
  expect(idsOf(messages)).toEqual(['x', 'y', 'b']);
  expect(messages.at(-1)).toMatchObject({ cursor: until });
  expectChain(messages, origin);
});

function expectChain(messages: readonly StreamMessage[], start: Position): void {
  let position = start;
  for (const message of messages) {
    if (message.kind === 'EventBatch') expect(message.previous).toBe(position);
    if ('cursor' in message) {
      expect(message.cursor).toBeGreaterThanOrEqual(position);
      position = message.cursor;
    }
  }
}
