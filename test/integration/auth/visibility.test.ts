import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema } from '../../../schema/index.ts';
import { formatNodeId } from '../../../schema/node.ts';
import { allFieldsQueries, type Arguments } from '../../support/all-fields-query.ts';
import { adminKey, bearer, makeKey, type Bearer } from '../../support/keys.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

// For a key, events that do not match its filter do not exist. Two servers show it: one with events
// that a restricted key must not see, and one without them. Every field returns to that key on the
// first what it returns to an unrestricted key on the second, except positions and times of the
// server's clock.

let mixed: TestServer;
let plainServer: TestServer;
let restricted: Bearer;
let unrestricted: Bearer;
let reference: Bearer;

const filter = { resource: { id: { startsWith: ['acme.'] } } };

beforeAll(async () => {
  // The queries for all fields exceed the default limits.
  const settings = { TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_COST: '1000000000', TIDINGS_MAX_COST_PER_MINUTE: '0' };
  const documents = { queryTokens: 1e6, querySelections: 1e6, queryAliases: 1e6 };
  mixed = await startTestServer(settings, documents);
  plainServer = await startTestServer(settings, documents);
  restricted = (await makeKey(mixed.tidings.url, { permissions: ['READ'], filter })).bearer;
  unrestricted = (await makeKey(mixed.tidings.url, { permissions: ['READ'] })).bearer;
  reference = (await makeKey(plainServer.tidings.url, { permissions: ['READ'] })).bearer;
  const events = story();
  await emit(mixed, events);
  await emit(
    plainServer,
    events.filter(({ resource }) => resource.id.startsWith('acme.')),
  );
});
afterAll(async () => {
  await mixed[Symbol.asyncDispose]();
  await plainServer[Symbol.asyncDispose]();
});

/**
 * Visible and hidden events; the hidden ones contain SECRET. They follow each other and mention the
 * same resources.
 */
function story() {
  const secret = (id: string, more: object = {}) => ({
    id,
    event: 'SECRET.event',
    resource: { id: 'SECRET.thing', name: 'SECRET name', labels: { level: 'SECRET' } },
    related: [
      { id: 'acme.shared', role: 'SECRET', name: 'SECRET shared', labels: { level: 'SECRET' } },
      { id: 'SECRET.alone', role: 'owner' },
    ],
    payload: { key: 'SECRET', value: 7 },
    ...more,
  });
  const open = (id: string, more: object = {}) => ({
    id,
    event: 'acme.event',
    resource: { id: 'acme.thing', name: 'the thing', labels: { level: 'open' } },
    related: [{ id: 'acme.shared', role: 'owner', name: 'shared' }],
    payload: { key: 'open', value: 1 },
    ...more,
  });
  const chain = [
    secret('hidden-root'),
    open('after-root', { follows: 'hidden-root' }),
    open('first', { follows: 'after-root' }),
    secret('hidden-link', { follows: 'first' }),
    open('behind-link', { follows: 'hidden-link' }),
    open('second', { follows: 'first', resource: { id: 'acme.other' } }),
    secret('hidden-end', { follows: 'second' }),
    secret('hidden-last', { related: [{ id: 'acme.thing', role: 'SECRET', name: 'SECRET newest' }] }),
  ];
  return chain.map((event, n) => ({ ...event, occurred: `2026-11-2${n}T10:00:00.000000Z` }));
}

async function emit({ tidings }: TestServer, input: readonly object[]): Promise<void> {
  const query = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created rejected } }';
  const { emitEvents } = await bearer(tidings.url, adminKey).data(query, { input });
  expect(emitEvents).toEqual({ created: input.length, rejected: 0 });
}

const visibleArgs = 'filter: { not: { event: { startsWith: ["tidings."] } } }';
const given: Arguments = {
  'Query.event': ['id: "first"', 'id: "hidden-root"', 'id: "hidden-link"', 'id: "nothing"'],
  'Query.events': [
    visibleArgs,
    `${visibleArgs}, order: OLDEST_FIRST, first: 2`,
    `${visibleArgs}, order: LOG, last: 3`,
    'filter: { text: "secret" }',
    'filter: { id: ["hidden-root"] }',
    'filter: { or: [{ follows: ["hidden-link"] }, { payload: [{ path: "key", eq: "SECRET" }] }, { anyResource: [{ id: { in: ["SECRET.alone"] } }] }] }',
  ],
  'Query.eventCounts': [
    '{ event: {} }',
    '{ resource: {} }',
    '{ resource: { segments: 1 } }',
    '{ label: { key: "level" } }',
    '{ role: { role: "SECRET" } }',
    '{ role: { role: "owner" } }',
    '{ payload: { path: "key" } }',
    '{ time: { unit: DAY } }',
    '{ time: { unit: DAY } }, { event: {} }',
  ].map((by) => `by: [${by}], ${visibleArgs}`),
  'Query.resource': ['id: "acme.shared"', 'id: "acme.thing"', 'id: "SECRET.thing"', 'id: "SECRET.alone"'],
  'Query.node': [
    ...['first', 'hidden-root', 'nothing'].map((id) => ({ type: 'Event', id }) as const),
    ...['acme.shared', 'acme.thing', 'SECRET.thing', 'SECRET.alone'].map((id) => ({ type: 'Resource', id }) as const),
  ].map((node) => `nodeId: "${formatNodeId(node)}"`),
  'Query.resources': ['idPrefix: "acme."', 'idPrefix: "SECRET"'],
  'Query.explainFilter': [visibleArgs, 'filter: { event: { in: ["SECRET.event"] } }'],
  'Query.whyNot': ['filter: {}, eventId: "hidden-link"', 'filter: { event: { in: ["x"] } }, eventId: "first"'],
  'Query.eventFields': [visibleArgs, `${visibleArgs}, sample: 2`, 'filter: { text: "secret" }'],
  // The key itself, which differs; what requires ADMIN; and a cursor, which shows only that the log moves.
  'Query.me': [],
  'Query.apiKeys': [],
  'Query.rejectedEvents': [],
  'Query.head': [],
  'Event.payloadAt': ['path: "key"'],
  'Resource.label': ['key: "level"'],
  'PrimaryResource.label': ['key: "level"'],
  'RelatedResource.label': ['key: "level"'],
  'Event.followers': ['', 'first: 1'],
  'Event.chain': ['', 'maxEvents: 2'],
  'Resource.events': ['', 'involvement: RELATED, filter: { text: "SECRET" }', 'first: 1'],
};

/** Removes what must differ: positions in the log, and times of the server's clock. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !/received|cursor|head|previous|from$|to$/i.test(key));
  return Object.fromEntries(entries.map(([key, each]) => [key, comparable(each)]));
}

const queries = allFieldsQueries(schema, 'Query', given, 4);

test('every field returns to the key what it returns without the hidden events', async () => {
  const leaked: string[] = [];
  for (const query of queries) {
    const expected = await reference.execute(query);
    expect(expected.errors, query.slice(0, 100)).toBeUndefined();
    let got = await restricted.execute(query);
    expect(comparable(got), query.slice(0, 200)).toEqual(comparable(expected));
    for (let n = 0; n < 2; n += 1) got = await restricted.execute(query); // the last one is compiled
    expect(comparable(got), query.slice(0, 200)).toEqual(comparable(expected));
    const reported = JSON.stringify(got.data);
    if (reported.includes('SECRET') && !/SECRET/.test(query.slice(0, query.indexOf('{ __typename')))) leaked.push(query);
  }
  expect(leaked).toEqual([]);
});

test('the comparison can fail: without the filter most fields reveal hidden events', async () => {
  const reported = new Set<string>();
  for (const query of queries) {
    const got = comparable(await unrestricted.execute(query));
    const expected = comparable(await reference.execute(query));
    if (JSON.stringify(got) !== JSON.stringify(expected)) reported.add(/asked: (\w+)/.exec(query)![1]!);
  }
  expect([...reported].toSorted()).toEqual([
    'event',
    'eventCounts',
    'eventFields',
    'events',
    'explainFilter',
    'node',
    'resource',
    'resources',
    'whyNot',
  ]);
});

test('no subscription delivers hidden events, from history or live, nor in nested fields', async () => {
  const streams = {
    'Subscription.events': ['after: $after'],
    'Subscription.eventStream': ['after: $after, until: $until', 'after: $after, until: $until, order: CAUSAL'],
    'Subscription.eventCounts': ['{ event: {} }', '{ payload: { path: "key" } }', '{ label: { key: "level" } }'].map(
      (by) => `by: [${by}], ${visibleArgs}`,
    ),
  };
  const operations = allFieldsQueries(schema, 'Subscription', { ...given, ...streams }, 3);
  for (const operation of operations) {
    const names = ['after', 'until'].filter((name) => operation.includes(`$${name}`)).map((name) => `$${name}: Cursor`);
    const query = names.length === 0 ? operation : operation.replace('subscription', `subscription (${names.join(', ')})`);
    const got = await listen(restricted, query);
    expect(got, operation).not.toContain('SECRET');
    expect(got, operation).toMatch(/"second"|open|SNAPSHOT/);
    expect(await listen(unrestricted, query), operation).toContain('SECRET');
  }
});

/** The messages of a subscription from the second visible event to the last one. */
async function listen(who: Bearer, query: string): Promise<string> {
  const { edges, head } = (await who.data('{ events(order: LOG, filter: { id: ["after-root"] }) { edges { cursor } head } }')).events;
  const client = who.socket();
  let got = '';
  for await (const result of client.iterate<any>({ query, variables: { after: edges[0].cursor, until: head } })) {
    expect(result.errors).toBeUndefined();
    got += JSON.stringify(result.data);
    if (got.includes('"SNAPSHOT"') || got.includes('"second"')) break;
  }
  await client.dispose();
  return got;
}

test('hidden events are not delivered live', async () => {
  const client = restricted.socket();
  const query = 'subscription ($after: Cursor) { events(after: $after) { id followers { nodes { id } } related { resource { name } } } }';
  const live = client.iterate<any>({ query, variables: { after: (await restricted.data('{ head }')).head } });
  const first = live.next();
  const [hidden, open] = story();
  const occurred = '2026-11-20T00:00:00Z';
  await emit(mixed, [
    { ...hidden, id: 'hidden-live', occurred },
    { ...hidden, id: 'hidden-follower', follows: 'live', occurred },
    { ...open, id: 'live', follows: null, occurred },
  ]);
  expect((await first).value.data.events).toEqual({ id: 'live', followers: { nodes: [] }, related: [{ resource: { name: 'shared' } }] });
  await client.dispose();
});

test('results of its emissions reveal nothing about hidden events except that an id is taken', async () => {
  const { bearer: holder } = await makeKey(mixed.tidings.url, { filter });
  const query =
    'mutation ($input: [EventInput!]!) { emitEvents(input: $input, onError: SKIP_REJECTED) { results { status event { id payload related { resourceId } } userErrors { code message } } } }';
  const [hidden, open] = story() as [any, any];
  const reported = async (event: object): Promise<any> => (await holder.data(query, { input: [event] })).emitEvents.results[0];
  expect(await reported(hidden)).toEqual({ status: 'DUPLICATE', event: null, userErrors: [] });
  // A field that is left out would agree with anything, and each answer confirm a guess of the others.
  const { payload: _, ...withoutPayload } = hidden;
  const { occurred: __, ...withoutOccurred } = hidden;
  for (const guess of [withoutOccurred, withoutPayload]) expect(await reported(guess)).toMatchObject({ status: 'REJECTED' });
  for (const wrong of [{ event: 'other' }, { payload: { a: 1 } }, { resource: { id: 'acme.guess' } }, { related: [] }]) {
    const { status, event, userErrors } = await reported({ ...hidden, ...wrong });
    expect({ status, event }).toEqual({ status: 'REJECTED', event: null });
    expect(userErrors).toEqual([{ code: 'ID_CONFLICT', message: expect.stringMatching(/with other content; use a new id/) }]);
  }
  // For visible events the result is complete.
  expect((await reported(open)).event.payload).toEqual(open.payload);
  expect((await reported({ ...open, event: 'other' })).userErrors[0].message).toMatch(/other content in event;/);
});

test('a key that cannot read repeats its own emissions, also without the fields that have defaults', async () => {
  const { bearer: holder } = await makeKey(mixed.tidings.url, { permissions: ['EMIT'] });
  const query = 'mutation ($input: EventInput!) { emitEvent(input: $input) { status event { id } userErrors { code message } } }';
  const input = { id: 'own', event: 'acme.own', resource: { id: 'acme.own' } };
  expect((await holder.data(query, { input })).emitEvent).toMatchObject({ status: 'CREATED', event: { id: 'own' } });
  const again = (await holder.data(query, { input })).emitEvent;
  expect(again).toEqual({ status: 'DUPLICATE', event: null, userErrors: [] });
});
