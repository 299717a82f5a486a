import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenTo, startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const subscription = 'subscription ($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) { id cursor } }';
const batch = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { head created } }';
const head = async (): Promise<string> => (await server.data('{ head }')).head;
const emit = (...ids: string[]): Promise<any> =>
  server.data(batch, { input: ids.map((id) => ({ id, event: `kind.${id.split('-')[0]}`, resource: { id: `res.${id}` } })) });
async function take(stream: AsyncIterator<any>, count: number): Promise<any[]> {
  const events = [];
  while (events.length < count) events.push((await stream.next()).value.data.events);
  return events;
}
const ids = (events: any[]): string[] => events.map((event) => event.id);
const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

test('a subscription after a page continues from it, history first, then live, with no gap and no repeat', async () => {
  await emit(...names('before', 3));
  const { events: page } = await server.data('{ events(order: LOG, first: 1000) { head nodes { id } } }');
  await emit(...names('history', 250));
  const stream = listenTo(server.socket(), subscription, { after: page.head });
  expect(ids(await take(stream, 100))).toEqual(names('history', 250).slice(0, 100));
  await emit(...names('live', 250));
  expect(ids(await take(stream, 400))).toEqual([...names('history', 250).slice(100), ...names('live', 250)]);
});

test('a subscription delivers matching events only, from history and live', async () => {
  const after = await head();
  const filter = { event: { startsWith: ['kind.odd'] }, resource: { id: { notIn: ['res.odd-2'] } } };
  await emit('odd-1', 'even-1', 'odd-2');
  const stream = listenTo(server.socket(), subscription, { filter, after });
  expect(ids(await take(stream, 1))).toEqual(['odd-1']);
  await emit('even-2', 'odd-3');
  expect(ids(await take(stream, 1))).toEqual(['odd-3']);
});

test('the cursor of any event received resumes exactly after it', async () => {
  const after = await head();
  const first = listenTo(server.socket(), subscription, { after });
  await emit(...names('resume', 20));
  const seen = await take(first, 7);
  await first.return?.();
  const second = listenTo(server.socket(), subscription, { after: seen.at(-1).cursor });
  await emit('resume-20');
  expect([...ids(seen), ...ids(await take(second, 14))]).toEqual(names('resume', 21));
});

test('many subscriptions on many sockets each get every event once, in order', async () => {
  const after = await head();
  const streams = Array.from({ length: 30 }, () =>
    listenTo(server.socket(), subscription, { after, filter: { event: { in: ['kind.all'] } } }),
  );
  const taken = streams.map((stream) => take(stream, 300));
  for (let index = 0; index < 300; index += 50) await emit(...names('all', 300).slice(index, index + 50));
  for (const events of await Promise.all(taken)) expect(ids(events)).toEqual(names('all', 300));
});

test('a subscription can select the events and resources that its events refer to', async () => {
  const after = await head();
  const query = `subscription ($after: Cursor) { events(after: $after) { id follows { id } followers { nodes { id } }
    resource { resource { id events { totalCount { count } } } } related { resource { id } } } }`;
  const stream = listenTo(server.socket(), query, { after });
  const emitOne = (input: object): Promise<unknown> =>
    server.data('mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  await emitOne({ id: 'first', event: 'a', resource: { id: 'r' } });
  const [predecessor] = await take(stream, 1);
  expect(predecessor).toMatchObject({ id: 'first', resource: { resource: { events: { totalCount: { count: 1 } } } } });
  await emitOne({ id: 'second', event: 'a', resource: { id: 'r' }, follows: 'first', related: [{ id: 'x', role: 'y' }] });
  const [successor] = await take(stream, 1);
  expect(successor).toEqual({
    id: 'second',
    follows: { id: 'first' },
    followers: { nodes: [] },
    resource: { resource: { id: 'r', events: { totalCount: { count: 2 } } } },
    related: [{ resource: { id: 'x' } }],
  });
});

test('a bad cursor, filter or document is an error of its operation, and does not affect others on its socket', async () => {
  const client = server.socket();
  const after = await head();
  const good = listenTo(client, subscription, { after });
  const goodEvent = take(good, 1);
  const failures: [string, object, string | undefined][] = [
    [subscription, { after: 'nonsense' }, 'BAD_CURSOR'],
    [subscription, { filter: { occurred: { since: 'noon' } } }, 'BAD_FILTER'],
    ['subscription { events { nothing } }', {}, undefined],
    ['subscription { events {', {}, undefined],
    [subscription, { filter: { event: 'text' } }, undefined],
    ['query { events(first: -1) { head } }', {}, 'BAD_USER_INPUT'],
    ['mutation { emitEvents(input: 5) { head } }', {}, undefined],
  ];
  for (const [query, variables, code] of failures) {
    const errors = await new Promise<any>((resolve) => {
      client.subscribe(
        { query, variables: variables as Record<string, unknown> },
        { next: (result) => resolve(result.errors), error: resolve, complete: () => resolve('completed') },
      );
    });
    expect(errors[0].message, query).toBeTypeOf('string');
    if (code !== undefined) expect(errors[0].extensions.code, query).toBe(code);
  }
  await emit('still-there');
  expect(ids(await goodEvent)).toEqual(['still-there']);
});

test('queries and mutations work over the socket too', async () => {
  const client = server.socket();
  const mutationResult = await listenTo(
    client,
    'mutation { emitEvent(input: {id: "ws", event: "a", resource: {id: "r"}}) { status } }',
  ).next();
  expect(mutationResult.value.data.emitEvent.status).toBe('CREATED');
  const queryResult = await listenTo(client, '{ event(id: "ws") { id } }').next();
  expect(queryResult.value.data.event.id).toBe('ws');
});

test('subscriptions that end are released', async () => {
  const open = async (): Promise<number> =>
    Number(/^tidings_subscriptions (\d+)$/m.exec(await (await fetch(`${server.tidings.url}/metrics`)).text())?.[1]);
  await expect.poll(open, { timeout: 10_000 }).toBeLessThanOrEqual(40);
  const before = await open();
  const client = server.socket();
  const idle = Array.from({ length: 50 }, () => listenTo(client, subscription));
  const pending = idle.map((stream) => stream.next());
  await expect.poll(open, { timeout: 10_000 }).toBe(before + 50);
  await Promise.all(idle.map((stream) => stream.return?.()));
  await Promise.all(pending);
  await expect.poll(open, { timeout: 10_000 }).toBe(before);
});
