import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatCursor, type Position } from '../../../src/event/cursor.ts';
import { listenTo, startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const stream = `subscription ($filter: EventFilter, $after: Cursor, $until: Cursor, $batchSize: Int) {
  eventStream(filter: $filter, after: $after, until: $until, batchSize: $batchSize) {
    kind: __typename
    ... on EventBatch { events { id cursor follows { id } } previous cursor }
    ... on CaughtUp { cursor }
    ... on FellBehind { cursor head }
    ... on Checkpoint { cursor }
    ... on Gap { from cursor: to reason }
  }
}`;
const head = async (): Promise<string> => (await server.data('{ head }')).head;
const emit = async (...ids: string[]): Promise<any> =>
  (
    await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { head results { event { cursor } } } }', {
      input: ids.map((id) => ({ id, event: `kind.${id.split('-')[0]}`, resource: { id: 'r' } })),
    })
  ).emitEvents;
const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const only = (kind: string): object => ({ event: { in: [`kind.${kind}`] } });
const listen = (variables: object): AsyncIterator<any> => listenTo(server.socket(), stream, variables as Record<string, unknown>);

async function next(messages: AsyncIterator<any>): Promise<any> {
  const { value, done } = await messages.next();
  if (done === true) return null;
  if (value.errors !== undefined) throw new Error(JSON.stringify(value.errors));
  return value.data.eventStream;
}
/** Takes messages up to the first one that `isLast`, or all of a stream that completes. */
async function takeUntil(messages: AsyncIterator<any>, isLast: (message: any) => boolean): Promise<any[]> {
  const taken = [];
  for (let message = await next(messages); message !== null; message = await next(messages)) {
    taken.push(message);
    if (isLast(message)) return taken;
  }
  return taken;
}
const isCaughtUp = ({ kind }: any): boolean => kind === 'CaughtUp';
const holds = (id: string) => (message: any) => message.events?.some((event: any) => event.id === id) === true;
const ids = (messages: any[]): string[] => messages.flatMap(({ events }) => events ?? []).map(({ id }) => id);
const all = (): boolean => false;

test('without a cursor, and at the head, a stream has caught up at once; then it is live', async () => {
  for (const start of ['without', 'after']) {
    const lastCursor = await head();
    const messages = listen({ filter: only('now'), after: start === 'after' ? lastCursor : null });
    expect(await next(messages)).toEqual({ kind: 'CaughtUp', cursor: lastCursor });
    await emit(`now-${start}`);
    expect(await next(messages)).toMatchObject({ kind: 'EventBatch', events: [{ id: `now-${start}` }], previous: lastCursor });
  }
});

test('from history into live: batches, CaughtUp, batches, in one chain of positions, and every position resumes exactly', async () => {
  const after = await head();
  await emit(...names('old', 25), 'other-1');
  const messages = listen({ filter: only('old'), after, batchSize: 10 });
  const history = await takeUntil(messages, isCaughtUp);
  expect(history.map(({ kind, events }) => [kind, events?.length])).toEqual([
    ['EventBatch', 10],
    ['EventBatch', 10],
    ['EventBatch', 5],
    ['CaughtUp', undefined],
  ]);
  await emit('other-2', ...names('old', 60).slice(25));
  const live = await takeUntil(messages, holds('old-59'));
  const whole = [...history, ...live];
  expect(ids(whole)).toEqual(names('old', 60));
  let lastCursor = after;
  for (const { kind, events, previous, cursor } of whole) {
    if (kind === 'EventBatch') expect(previous).toBe(lastCursor);
    if (events?.length === 10) expect(cursor).toBe(events.at(-1).cursor);
    lastCursor = cursor;
  }
  const allCursors = whole.flatMap((message, index) => [
    { cursor: message.cursor, rest: ids(whole.slice(index + 1)) },
    ...(message.events ?? []).map(({ id, cursor }: any) => ({ cursor, rest: names('old', 60).slice(Number(id.slice(4)) + 1) })),
  ]);
  const until = await head();
  for (const { cursor, rest } of allCursors) {
    const resumed = await takeUntil(listen({ filter: only('old'), after: cursor, until }), all);
    expect(ids(resumed), cursor).toEqual(rest);
  }
});

describe('until', () => {
  test('a stream delivers up to and including it, reports it, and completes', async () => {
    const after = await head();
    const { results } = await emit(...names('until', 10));
    const cursorOf = (index: number): string => results[index].event.cursor;
    const up = await takeUntil(listen({ filter: only('until'), after, until: cursorOf(6), batchSize: 4 }), all);
    expect(up.map(({ events }) => events.length)).toEqual([4, 3]);
    expect(up.at(-1).cursor).toBe(cursorOf(6));
    const nothing = await takeUntil(listen({ filter: only('nothing'), after, until: cursorOf(6) }), all);
    expect(nothing).toEqual([{ kind: 'Checkpoint', cursor: cursorOf(6) }]);
    for (const until of [cursorOf(3), cursorOf(1), after]) {
      expect(await takeUntil(listen({ after: cursorOf(3), until }), all), until).toEqual([]);
    }
    expect(await takeUntil(listen({ until: await head() }), all)).toEqual([]);
  });

  test('an invalid one is an error, and so is an invalid batchSize', async () => {
    const failures: [object, string, string][] = [
      [{ until: 'nonsense' }, 'BAD_CURSOR', 'until'],
      [{ after: 'nonsense' }, 'BAD_CURSOR', 'after'],
      [{ until: formatCursor({ epoch: 'abcdefabcdef', position: 1 as Position }) }, 'CURSOR_EXPIRED', 'until'],
      [{ batchSize: 0 }, 'BAD_USER_INPUT', 'batchSize'],
      [{ batchSize: -1 }, 'BAD_USER_INPUT', 'batchSize'],
      [{ batchSize: 1001 }, 'LIMIT_EXCEEDED', 'batchSize'],
    ];
    for (const [variables, code, path] of failures) {
      const { value } = await listen(variables).next();
      expect(value.errors[0].extensions, JSON.stringify(variables)).toEqual({ code, path: [path] });
    }
    expect(await next(listen({ batchSize: 1000 }))).toMatchObject({ kind: 'CaughtUp' });
  });
});

test('the cursor of another log causes a gap, and then this log from its beginning', async () => {
  await emit('replaced-1');
  const given = formatCursor({ epoch: 'abcdefabcdef', position: 7 as Position });
  const until = await head();
  const messages = await takeUntil(listen({ filter: only('replaced'), after: given, until }), all);
  expect(messages[0]).toMatchObject({ kind: 'Gap', from: given, reason: 'LOG_REPLACED' });
  expect(messages[1]).toMatchObject({ kind: 'EventBatch', events: [{ id: 'replaced-1' }], previous: messages[0].cursor });
});

test('each message reads the log as of its delivery', async () => {
  const messages = listen({ filter: only('read') });
  await next(messages);
  await emit('read-1');
  await next(messages);
  const input = { id: 'read-2', event: 'kind.read', resource: { id: 'r' }, follows: 'late' };
  await server.data('mutation { emitEvent(input: {id: "late", event: "a", resource: {id: "r"}}) { status } }');
  await server.data('mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  expect(await next(messages)).toMatchObject({ events: [{ id: 'read-2', follows: { id: 'late' } }] });
});

test('in causal order a predecessor comes first, even if it was emitted last', async () => {
  const query = `subscription ($after: Cursor, $until: Cursor) {
    eventStream(after: $after, until: $until, order: CAUSAL) { ... on EventBatch { events { id } cursor } } }`;
  const after = await head();
  const emitOne = (input: object): Promise<unknown> =>
    server.data('mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  await emitOne({ id: 'causal-2', event: 'a', resource: { id: 'r' }, follows: 'causal-1' });
  await emitOne({ id: 'causal-1', event: 'a', resource: { id: 'r' } });
  const until = await head();
  const messages = await takeUntil(listenTo(server.socket(), query, { after, until }), all);
  expect(messages).toEqual([{ events: [{ id: 'causal-1' }, { id: 'causal-2' }], cursor: until }]);
});
