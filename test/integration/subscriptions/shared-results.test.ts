import { expect, test } from 'vitest';
import { listenTo, startTestServer, type TestServer } from '../../support/test-server.ts';

// Equal work is done once, and each client gets what it would get alone.
async function emit(server: TestServer, input: object): Promise<void> {
  const { emitEvent } = await server.data('mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  expect(emitEvent.status).toBe('CREATED');
}
const event = (id: string, more: object = {}): object => ({ id, event: 'a.b', resource: { id: 'r', labels: { x: '1' } }, ...more });
async function metric(server: TestServer, name: string): Promise<number> {
  const metrics = await (await fetch(`${server.tidings.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)![1]);
}
const encoded = (server: TestServer): Promise<number> => metric(server, 'tidings_subscription_results_encoded_total');
async function untilOpen(server: TestServer, count: number): Promise<void> {
  await expect.poll(() => metric(server, 'tidings_subscriptions'), { timeout: 10_000 }).toBe(count);
}
async function take(stream: AsyncIterator<any>, count: number): Promise<any[]> {
  const results = [];
  while (results.length < count) results.push((await stream.next()).value);
  return results;
}

const selections = [
  'id cursor event',
  'cursor event id',
  'one: id two: id cursor',
  'id resource { name labels } related { resourceId role }',
  'id ... on Event { event resource { resourceId } } ...More',
  'id payloadAt(path: $path)',
  'id event @include(if: $flag) occurred @skip(if: $flag)',
  'id follows { id event } followers { nodes { id } }',
  'id resource { ...Deep @skip(if: $flag) resourceId }',
];
const fragments =
  ' fragment More on Event { payload } fragment Deep on ResourceSnapshot { resource { name events(first: 2) { nodes { id } } } }';
const documentOf = (kind: string, selection: string): string => {
  const used = fragments.split(/(?= fragment)/).filter((each) => selection.includes(`...${/fragment (\w+)/.exec(each)![1]}`));
  const declared = ['$path: String!', '$flag: Boolean!'].filter((each) => selection.includes(each.split(':')[0]!));
  const variables = kind === 'query' ? ['$id: ID!', ...declared] : ['$after: Cursor', ...declared];
  const field = kind === 'query' ? 'event(id: $id)' : 'events(after: $after)';
  return `${kind} (${variables.join(', ')}) { it: ${field} { ${selection} } }${used.join('')}`;
};

test('with any selection and any variables, a subscription gets what a query for the event gets', async () => {
  await using server = await startTestServer();
  const { head: after } = await server.data('{ head }');
  const variants = selections.flatMap((selection) =>
    ['x', 'y.0', 'nothing'].flatMap((path) => [true, false].map((flag) => ({ selection, variables: { path, flag } }))),
  );
  // Each one live and again from history, on shared sockets.
  const sockets = [server.socket(), server.socket(), server.socket()];
  const listen = (from: object) =>
    variants.map(({ selection, variables }, index) =>
      listenTo(sockets[index % 3]!, documentOf('subscription', selection), { ...variables, ...from }),
    );
  const live = listen({});
  const firsts = live.map((stream) => stream.next());
  await untilOpen(server, variants.length);
  await emit(server, event('s-1', { payload: { x: 1, y: [null, 'ü'] } }));
  await Promise.all(firsts);
  await emit(server, event('s-2', { follows: 's-1', payload: { x: 'two' } }));
  const seconds = await Promise.all(live.map((stream) => stream.next()));
  const again = await Promise.all(listen({ after }).map((stream) => take(stream, 2)));
  for (const [index, { selection, variables }] of variants.entries()) {
    const query = documentOf('query', selection);
    const expected = async (id: string) => (await server.execute(query, { id, ...variables })).data;
    const [first, second] = [(await firsts[index]!).value, seconds[index]!.value];
    // The followers of an event can change after its delivery.
    const isNow = !selection.includes('followers') && !selection.includes('Deep');
    if (isNow) expect([first.data, second.data]).toEqual([await expected('s-1'), await expected('s-2')]);
    expect(again[index]!.map(({ data }) => data)).toEqual([await expected('s-1'), await expected('s-2')]);
  }
});

test('subscriptions that share an operation share each result, from any start and with any filter', async () => {
  await using server = await startTestServer();
  const { head: after } = await server.data('{ head }');
  const text = 'subscription ($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) { id payload } }';
  const filters = [{}, { event: { in: ['once'] } }, { event: { startsWith: ['on'] } }];
  const streams = Array.from({ length: 60 }, (_, index) => listenTo(server.socket(), text, { filter: filters[index % 3], after }));
  const before = await encoded(server);
  for (let index = 0; index < 5; index += 1) await emit(server, event(`once-${index}`, { event: 'once', payload: { index } }));
  const all = await Promise.all(streams.map((stream) => take(stream, 5)));
  for (const results of all) expect(results).toEqual(all[0]);
  expect(await encoded(server)).toBe(before + 5);
});

test('streams at the same position share their messages', async () => {
  await using server = await startTestServer();
  const { head: after } = await server.data('{ head }');
  for (let index = 0; index < 10; index += 1) await emit(server, event(`batch-${index}`));
  const before = await encoded(server);
  const text =
    'subscription ($after: Cursor) { eventStream(after: $after, batchSize: 4) { ... on EventBatch { previous cursor events { id } } } }';
  const streams = Array.from({ length: 30 }, () => listenTo(server.socket(), text, { after }));
  const all = await Promise.all(streams.map((stream) => take(stream, 3)));
  for (const results of all) expect(results).toEqual(all[0]);
  expect(all[0]!.map(({ data }) => data.eventStream.events.length)).toEqual([4, 4, 2]);
  expect(await encoded(server)).toBeLessThan(before + 10);
});

test('errors have the locations and paths of the own document, and null where the schema allows it', async () => {
  await using server = await startTestServer();
  const texts = [
    'subscription { events { id payloadAt(path: "a..b") } }',
    'subscription {\n  events { id\n  payloadAt(path: "a..b") } }',
    'subscription { events { id named: payloadAt(path: "a..b") } }',
    'subscription ($p: String!) { events { id payloadAt(path: $p) } }',
  ];
  const streams = [...texts, ...texts].map((text) => listenTo(server.socket(), text, { p: 'a..b' }));
  const results = streams.map((stream) => stream.next());
  await untilOpen(server, streams.length);
  await emit(server, event('error-1'));
  const got = (await Promise.all(results)).map(({ value }) => value);
  for (const { data } of got) expect(data.events).toMatchObject({ id: 'error-1' });
  expect(got.map(({ errors }) => [errors[0].path.join('.'), errors[0].locations[0]])).toEqual(
    [...texts, ...texts].map((text) => {
      const [line, column] = locationOf(text, /(named: )?payloadAt/);
      return [text.includes('named') ? 'events.named' : 'events.payloadAt', { line, column }];
    }),
  );
});

function locationOf(text: string, found: RegExp): [number, number] {
  const before = text.slice(0, found.exec(text)!.index).split('\n');
  return [before.length, before.at(-1)!.length + 1];
}

test('a large message arrives whole at each subscription, also on a shared socket', async () => {
  await using server = await startTestServer();
  const sockets = Array.from({ length: 4 }, () => server.socket());
  const streams = Array.from({ length: 20 }, (_, index) => listenTo(sockets[index % 4]!, 'subscription { events { id payload } }'));
  const results = streams.map((stream) => take(stream, 3));
  await untilOpen(server, streams.length);
  const text = '"ü😀\\'.repeat(100_000);
  for (const [index, each] of [text, 'small', text].entries()) await emit(server, event(`large-${index}`, { payload: { each } }));
  for (const got of await Promise.all(results)) {
    expect(got.map(({ data }) => data.events.payload.each.length)).toEqual([text.length, 5, text.length]);
    expect(got[2].data.events.payload.each === text).toBe(true);
  }
});

test('messages arrive in order, whether or not they read the database', async () => {
  await using server = await startTestServer();
  const stream = listenTo(server.socket(), 'subscription { events { id follows { id } } }');
  const got = take(stream, 200);
  await untilOpen(server, 1);
  const links = Array.from({ length: 200 }, (_, n) => event(`mixed-${n}`, n % 3 === 0 ? {} : { follows: `mixed-${n - 1}` }));
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input: links });
  const expected = links.map((_, n) => ({ id: `mixed-${n}`, follows: n % 3 === 0 ? null : { id: `mixed-${n - 1}` } }));
  expect((await got).map(({ data }) => data.events)).toEqual(expected);
});
