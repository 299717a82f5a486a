import { parse, subscribe } from 'graphql';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createContext, schema } from '../../../schema/index.ts';
import { deferred } from '../../../src/concurrency/deferred.ts';
import type { Position } from '../../../src/event/cursor.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { testClient } from '../../support/client.ts';
import { startAging, type Aging } from '../../support/database/aging.ts';
import { idsOf } from '../../support/streams.ts';

// A process stands still for longer than events are kept, while others store and remove them.

let log: Aging;
beforeEach(async () => {
  log = await startAging();
});
afterEach(() => log[Symbol.asyncDispose]());

/** Stores events as another process does. */
const emit = (ids: readonly string[]): Promise<unknown> =>
  log.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { head } }', {
    input: ids.map((id) => ({ id, event: 'kind.made', resource: { id: 'r' } })),
  });

const follow = async (source: string): Promise<AsyncGenerator<any>> =>
  (await subscribe({ schema, document: parse(source), contextValue: createContext(log.services, testClient) })) as AsyncGenerator<any>;

/**
 * Stores events, and then `kept`, and removes the former after the tail has read the head between
 * them, before it reads the log. Returns the last position that was removed.
 */
async function removeBeforeTailReads(removed: readonly string[], kept: readonly string[]): Promise<Position> {
  const { heads, tail, logStart } = log.streams.parts;
  const read = heads.head.bind(heads);
  const start = tail.head();
  const reached = deferred<Position>();
  const released = deferred<void>();
  const spy = vi.spyOn(heads, 'head').mockImplementation(async () => {
    const head = await read();
    if (head === start) return head;
    reached.resolve(head);
    await released.promise;
    return head;
  });
  await emit(removed);
  await reached.promise;
  await log.advanceDays(1);
  if (kept.length > 0) await emit(kept);
  await log.advanceDays(31);
  expect(tail.head()).toBe(start);
  spy.mockRestore();
  released.resolve();
  return logStart();
}

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const filters: readonly (readonly [string, EventFilterInput | undefined])[] = [
  ['without a filter', undefined],
  ['with a filter that is tested in the turns of its client', { text: 'kind' }],
];

test.each(filters)('a live stream %s reports events that were removed before the tail read them', async (_, filter) => {
  await using listener = await log.streams.listen(null, { ...(filter && { filter }) });
  const { cursor } = await listener.next();
  const edge = await removeBeforeTailReads(names('removed', 30), names('kept', 5));
  expect(await listener.next()).toMatchObject({ kind: 'FellBehind', cursor });
  expect(await listener.next()).toEqual({ kind: 'RetentionGap', from: cursor, to: edge });
  expect(idsOf(await listener.take(5))).toEqual(names('kept', 5));
});

test('a live stream reports the removal of every event that the tail has not read, and continues', async () => {
  await using listener = await log.streams.listen(null);
  const { cursor } = await listener.next();
  const edge = await removeBeforeTailReads(names('removed', 30), []);
  expect(await listener.next()).toMatchObject({ kind: 'FellBehind', cursor });
  expect(await listener.next()).toEqual({ kind: 'RetentionGap', from: cursor, to: edge });
  expect(await listener.next()).toMatchObject({ kind: 'CaughtUp', cursor: edge });
  await log.streams.emit('later');
  expect(idsOf(await listener.take(1))).toEqual(['later']);
});

test('events ends with CURSOR_EXPIRED if its next events were removed before the tail read them', async () => {
  const events = await follow('subscription { events { id } }');
  const next = events.next();
  await removeBeforeTailReads(names('removed', 30), names('kept', 5));
  expect((await next).value.errors?.[0]?.extensions).toMatchObject({ code: 'CURSOR_EXPIRED' });
  await events.return(undefined);
});

test('a live count has the events that are kept, and no other', async () => {
  const counts = await follow('subscription { eventCounts(by: [{ event: {} }], intervalMs: 50) { kind total } }');
  expect((await counts.next()).value.data.eventCounts).toEqual({ kind: 'SNAPSHOT', total: 0 });
  await removeBeforeTailReads(names('removed', 30), names('kept', 5));
  expect((await counts.next()).value.data.eventCounts).toEqual({ kind: 'DELTA', total: 5 });
  await counts.return(undefined);
});
