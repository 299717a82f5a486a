import { createReadBudgets } from '../../../src/store/database/read-budget.ts';
import { parse, subscribe } from 'graphql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testClient, withoutKeys } from '../../support/client.ts';
import { createContext, schema } from '../../../schema/index.ts';
import { readSettings } from '../../../src/settings.ts';
import { documentLimits } from '../../../src/server/graphql/limits/document-limit-defaults.ts';
import { TidingsError } from '../../../src/errors.ts';
import { formatCursor, type Position } from '../../../src/event/cursor.ts';
import { CountSubscriptions } from '../../../src/subscriptions/counts/count-subscription.ts';
import { idsOf, startStreams, type Streams } from '../../support/streams.ts';

let streams: Streams;
beforeEach(async () => {
  streams = await startStreams({ events: 20, bytes: 1e6 });
});
afterEach(() => streams[Symbol.asyncDispose]());

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const wanted = { event: { in: ['kind.wanted'] } };

test('while the log moves without a match there are checkpoints; while it does not move there are none', async () => {
  const start = await streams.emit('other-1');
  await using listener = await streams.listen(null, { filter: wanted, settings: { checkpointMs: 0 } });
  expect(await listener.next()).toEqual({ kind: 'CaughtUp', cursor: start });
  for (const id of ['other-2', 'other-3']) {
    const checkpoint = listener.next();
    const head = await streams.emit(id);
    expect(await checkpoint).toEqual({ kind: 'Checkpoint', cursor: head });
  }
  const headPosition = await streams.parts.heads.head();
  const batch = listener.next();
  // A checkpoint would always be due, and would arrive before the batch.
  await streams.emit('wanted-1');
  expect(await batch).toMatchObject({ kind: 'EventBatch', previous: headPosition, events: [{ id: 'wanted-1' }] });
});

test('a client that is behind gets a checkpoint when nothing matches', async () => {
  await streams.emit(...names('other', 60));
  const slowly = { behindCheckpointMs: 0 };
  await using listener = await streams.listen(0 as Position, { filter: wanted, settings: slowly });
  const head = await streams.parts.heads.head();
  expect([await listener.next(), await listener.next()]).toEqual([
    { kind: 'Checkpoint', cursor: head },
    { kind: 'CaughtUp', cursor: head },
  ]);
});

test('a client that pauses for more events than the tail buffer holds gets FellBehind once, and loses nothing', async () => {
  const start = await streams.emit('wanted-first');
  await using listener = await streams.listen(null, { request: { batchSize: 30 } });
  await listener.next();
  const head = await streams.emit(...names('wanted', 70));
  await expect.poll(() => streams.parts.tail.head()).toBe(head);
  expect(await listener.next()).toEqual({ kind: 'FellBehind', cursor: start, head });
  const rest = await listener.take(70);
  expect(idsOf(rest)).toEqual(names('wanted', 70));
  expect(new Set(rest.map(({ kind }) => kind))).toEqual(new Set(['EventBatch']));
  expect(await listener.next()).toEqual({ kind: 'CaughtUp', cursor: head });
  const live = listener.next();
  await streams.emit('wanted-last');
  expect(await live).toMatchObject({ kind: 'EventBatch', previous: head, events: [{ id: 'wanted-last' }] });
});

test('removed events cause a gap, and the stream continues after it', async () => {
  const first = await streams.emit('wanted-first');
  const removed = await streams.emit(...names('gone', 5));
  await streams.emit(...names('wanted', 40));
  const parts = { logStart: async () => removed };
  await using listener = await streams.listen(first, { parts });
  expect(await listener.next()).toEqual({ kind: 'RetentionGap', from: first, to: removed });
  const [batch] = await listener.take(40);
  expect(batch).toMatchObject({ kind: 'EventBatch', previous: removed });
  await using later = await streams.listen(removed, { parts });
  expect(idsOf(await later.take(40))).toEqual(names('wanted', 40));
  await using short = await streams.listen(first, { parts, request: { until: (removed - 1) as Position } });
  expect([await short.next(), await short.next()]).toEqual([{ kind: 'RetentionGap', from: first, to: removed - 1 }, null]);
});

test('an unreachable database makes a stream wait; another expected error ends it, as its last message', async () => {
  const first = await streams.emit('wanted-first');
  await streams.emit(...names('wanted', 40));
  let failures = 0;
  const failingLogStart = async (): Promise<Position> => {
    failures += 1;
    if (failures <= 2) throw new TidingsError('UNAVAILABLE', 'away');
    return 0 as Position;
  };
  await using patient = await streams.listen(first, { parts: { logStart: failingLogStart } });
  expect(idsOf(await patient.take(40))).toEqual(names('wanted', 40));
  const error = new TidingsError('LIMIT_EXCEEDED', 'too long');
  await using failing = await streams.listen(first, { parts: { logStart: () => Promise.reject(error) } });
  expect(await failing.next()).toEqual({ kind: 'Failed', error });
  expect(await failing.next()).toBeNull();
});

test('the error that ends a stream is in its last result; an iterator that throws would close the socket', async () => {
  await streams.emit('wanted-first', ...names('wanted', 40));
  const { parts, epochHistory } = streams;
  const rows = () => Promise.reject(new TidingsError('LIMIT_EXCEEDED', 'too long'));
  const services = {
    ...parts,
    ...withoutKeys,
    epochHistory,
    limits: { ...documentLimits, ...readSettings({}) },
    version: '',
    database: { ...parts.database, rows, reads: () => ({ ...parts.database, rows }) },
    emitter: { emit: rows },
    liveCounts: new CountSubscriptions(),
    budgets: createReadBudgets(64_000_000, 2 ** 30),
  };
  const results: any = await subscribe({
    schema,
    document: parse('subscription ($after: Cursor) { eventStream(after: $after) { __typename } }'),
    variableValues: { after: formatCursor({ epoch: epochHistory.epoch, position: 1 as Position }) },
    contextValue: createContext(services, testClient),
  });
  const { value } = await results.next();
  expect(value.errors[0]).toMatchObject({ message: 'too long', extensions: { code: 'LIMIT_EXCEEDED' }, path: ['eventStream'] });
  expect(await results.next()).toMatchObject({ done: true });
});

test('a waiting stream ends at once when its client leaves', async () => {
  const listener = await streams.listen(null);
  await listener.next();
  const waiting = listener.next();
  await listener[Symbol.asyncDispose]();
  expect(await waiting).toBeNull();
});
