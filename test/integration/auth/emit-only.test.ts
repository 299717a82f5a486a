import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema } from '../../../schema/index.ts';
import { allFieldsQueries, type Arguments } from '../../support/all-fields-query.ts';
import { adminKey, bearer, makeKey } from '../../support/keys.ts';
import { openPrefect } from '../../support/protocols/prefect.ts';
import { openRaw } from '../../support/protocols/raw-socket.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { overHttp, overSse, overWebSocket, type Transport } from '../../support/transports.ts';

// A key that can only emit gets the same answers from a server with events and from an empty one.

const metricsToken = 'a-token-for-tests-that-reads-metrics';
let full: TestServer;
let empty: TestServer;
/** The keys that can only emit. */
const secrets = new Map<TestServer, string>();

beforeAll(async () => {
  const settings = {
    TIDINGS_ADMIN_KEY: adminKey,
    TIDINGS_METRICS_TOKEN: metricsToken,
    TIDINGS_MAX_COST: '1000000000',
    TIDINGS_MAX_COST_PER_MINUTE: '0',
  };
  const documents = { queryTokens: 1e6, querySelections: 1e6, queryAliases: 1e6 };
  [full, empty] = await Promise.all([startTestServer(settings, documents), startTestServer(settings, documents)]);
  for (const each of [full, empty]) secrets.set(each, (await makeKey(each.tidings.url, { permissions: ['EMIT'] })).secret);
  const input = Array.from({ length: 20 }, (_, n) => ({
    id: `stored-${n}`,
    event: 'SECRET.event',
    occurred: '2026-01-01T00:00:00Z',
    resource: { id: 'acme.shared', name: 'SECRET', labels: { level: 'SECRET' } },
    related: [{ id: 'acme.related', role: 'SECRET' }],
    payload: { key: 'SECRET' },
    follows: n === 0 ? 'emitted-0' : `stored-${n - 1}`,
  }));
  const query = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }';
  await bearer(full.tidings.url, adminKey).data(query, { input });
});
afterAll(async () => {
  await full[Symbol.asyncDispose]();
  await empty[Symbol.asyncDispose]();
});

const given: Arguments = {
  'Query.event': ['id: "stored-1"'],
  'Query.node': ['nodeId: "x"'],
  'Query.resource': ['id: "acme.shared"'],
  'Query.eventCounts': ['by: [{ event: {} }]'],
  'Query.whyNot': ['filter: {}, eventId: "stored-1"'],
  'Query.explainFilter': ['filter: {}'],
  'Subscription.eventCounts': ['by: [{ event: {} }]'],
  'Mutation.createApiKey': ['input: { name: "more" }'],
  'Mutation.revokeApiKey': ['id: "admin"', 'id: "unknown"'],
  'Mutation.emitEvent': ['input: { id: "one", event: "a", resource: { id: "r" }, occurred: "2026-01-01T00:00:00Z" }'],
  'Mutation.emitEvents': ['input: [{ id: "two", event: "a", resource: { id: "r" }, occurred: "2026-01-01T00:00:00Z" }]'],
  'Event.payloadAt': ['path: "key"'],
  'Resource.label': ['key: "level"'],
  'PrimaryResource.label': ['key: "level"'],
  'RelatedResource.label': ['key: "level"'],
};

/** What such a key may use, and why it tells nothing about events. */
const allowed: Readonly<Record<string, string>> = {
  me: 'the key itself',
  service: 'version, limits and retention: settings',
  emitEvent: 'what the key sent',
  emitEvents: 'what the key sent',
};

test('every field of the roots is FORBIDDEN but those that tell nothing about events, over every transport', async () => {
  for (const server of [full, empty]) {
    const authorization = `Bearer ${secrets.get(server)}`;
    await using stack = new AsyncDisposableStack();
    const raw = stack.use(await openRaw(server.tidings.url, { headers: { authorization } }));
    const roots = ['Query', 'Mutation', 'Subscription'] as const;
    const transports: readonly (readonly [Transport, readonly (typeof roots)[number][]])[] = [
      [overHttp(server.tidings.url, { authorization }), ['Query', 'Mutation']],
      [overSse(server.tidings.url, { authorization }), ['Query', 'Subscription']],
      [overWebSocket(raw), roots],
    ];
    for (const [transport, [send, possible]] of transports.entries()) {
      const open = new Set<string>();
      for (const root of possible) {
        for (const query of allFieldsQueries(schema, root, given, 0)) {
          const { error } = await send({ query });
          if (error?.extensions.code === 'FORBIDDEN') expect(error.message).toMatch(/^The key "test" lacks the permission (read|admin)\./);
          else open.add(/asked: (\w+)/.exec(query)![1]!);
        }
      }
      const expected = Object.keys(allowed).filter((name) => possible.includes('Mutation') || !name.startsWith('emit'));
      expect([...open].toSorted(), `transport ${transport}`).toEqual(expected.toSorted());
    }
  }
});

test('the allowed fields return the same, with everything below them', async () => {
  const emission = (n: number): string =>
    `id: "emitted-${n}", event: "acme.event", occurred: "2026-01-01T00:00:00Z", follows: "stored-${n}", ` +
    'resource: { id: "acme.shared" }, related: [{ id: "acme.related", role: "owner" }], payload: { key: "mine" }';
  const args: Arguments = {
    ...given,
    'Mutation.emitEvent': [
      `input: { ${emission(0)} }`,
      `input: { ${emission(0)} }`,
      'input: { id: "", event: "a", resource: { id: "r" } }',
    ],
    'Mutation.emitEvents': [`input: [{ ${emission(1)} }, { ${emission(0)} }], onError: SKIP_REJECTED`],
    'Event.followers': ['', 'first: 1'],
  };
  const queries = [...allFieldsQueries(schema, 'Query', args, 3), ...allFieldsQueries(schema, 'Mutation', args, 3)];
  const used = queries.filter((query) => Object.hasOwn(allowed, /asked: (\w+)/.exec(query)![1]!));
  for (const query of used) {
    const [got, expected] = await Promise.all([full, empty].map((each) => bearer(each.tidings.url, secrets.get(each)!).execute(query)));
    expect(expected!.errors, query.slice(0, 100)).toBeUndefined();
    expect(comparable(got), query.slice(0, 100)).toEqual(comparable(expected));
    expect(JSON.stringify(got!.data)).not.toContain('SECRET');
  }
});

/** Removes what must differ: keys, positions in the log, and times of the server's clock. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !/received|cursor|head|ApiKey_(?:id|created)/i.test(key));
  return Object.fromEntries(entries.map(([key, each]) => [key, comparable(each)]));
}

test('every path returns the same to it: pages, errors, suggestions and bodies of health checks', async () => {
  const graphql = [
    '{ evnts { id } }',
    '{ events(fist: 1) { head } }',
    '{ __schema { types { name } } }',
    '{',
    'query ($a: Cursor) { head }',
  ];
  const requests: readonly (readonly [string, { readonly method?: string; readonly body?: string }])[] = [
    ...[
      '/',
      '/livez',
      '/readyz',
      '/metrics',
      '/graphql',
      '/api/health',
      '/api/admin/version',
      '/api/events/filter/next?page-token=x',
      '/x',
    ].map((path) => [path, {}] as const),
    ...['filter', 'count-by/day', 'count-by/time', 'count-by/event', 'count-by/resource'].map(
      (path) => [`/api/events/${path}`, { method: 'POST', body: '{}' }] as const,
    ),
    ...graphql.map((query) => ['/graphql', { method: 'POST', body: JSON.stringify({ query }) }] as const),
    ...['/api/events', '/cloudevents'].flatMap((path) =>
      ['[]', '[{}]', '{"id":1}', 'x'].map((body) => [path, { method: 'POST', body }] as const),
    ),
  ];
  for (const [path, init] of requests) {
    const [got, expected] = await Promise.all([full, empty].map((each) => answerOf(each, path, init)));
    expect(got, `${path} ${init.body ?? ''}`).toEqual(expected);
    expect(got!.text).not.toContain('SECRET');
    if (/filter|count-by|metrics/.test(path)) expect(got!.status, path).toBe(403);
  }
});

async function answerOf({ tidings }: TestServer, path: string, init: RequestInit): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${secrets.get(tidings === full.tidings ? full : empty)}`, 'content-type': 'application/json' };
  const response = await fetch(`${tidings.url}${path}`, { ...init, headers });
  return { status: response.status, text: (await response.text()).replaceAll(new URL(tidings.url).host, 'host') };
}

test('an id that is taken is a DUPLICATE with its whole content only, and ids of the service are reserved', async () => {
  const holder = bearer(full.tidings.url, secrets.get(full)!);
  const query = 'mutation ($input: EventInput!) { emitEvent(input: $input) { status event { id } userErrors { code message field } } }';
  const { event: stored } = await bearer(full.tidings.url, adminKey).data('{ event(id: "stored-3") { id occurred event payload } }');
  const whole = {
    ...stored,
    follows: 'stored-2',
    resource: { id: 'acme.shared', name: 'SECRET', labels: { level: 'SECRET' } },
    related: [{ id: 'acme.related', role: 'SECRET' }],
  };
  const send = async (input: object): Promise<any> => (await holder.data(query, { input })).emitEvent;
  expect(await send(whole)).toEqual({ status: 'DUPLICATE', event: null, userErrors: [] });
  for (const key of ['occurred', 'payload', 'follows', 'related'] as const) {
    const { [key]: _, ...partial } = whole;
    const { status, userErrors } = await send(partial);
    expect([status, userErrors[0].code, userErrors[0].message], key).toEqual(['REJECTED', 'ID_CONFLICT', expect.not.stringMatching(key)]);
  }
  const document = {
    id: 'stored-3',
    event: 'guess',
    occurred: whole.occurred,
    resource: { 'prefect.resource.id': 'acme.guess' },
  };
  const batch = await answerOf(full, '/api/events?on_error=skip', { method: 'POST', body: JSON.stringify([document]) });
  const [detail] = JSON.parse(batch.text).results[0].detail;
  expect(detail).toEqual({ loc: ['body', 0, 'id'], msg: expect.stringMatching(/with other content; use a new id/), type: 'id_conflict' });
  const reserved = 'tidings.api-key.admin.revoked';
  for (const input of [
    { ...whole, id: reserved },
    { ...whole, id: 'free', event: reserved },
    { ...whole, id: 'free', resource: { id: reserved } },
  ]) {
    expect((await send(input)).status).toBe('REJECTED');
  }
});

test("Prefect's socket for events out is closed", async () => {
  using socket = await openPrefect(full.tidings.url, 'out', { token: secrets.get(full)! });
  expect((await socket.closed)[0]).toBe(1008);
});

test('/metrics requires ADMIN or the token, which opens nothing else', async () => {
  const { url } = full.tidings;
  const read = async (authorization?: string): Promise<readonly [number, string]> => {
    const response = await fetch(`${url}/metrics`, { headers: authorization === undefined ? {} : { authorization } });
    return [response.status, await response.text()];
  };
  const basic = `Basic ${Buffer.from(`prometheus:${metricsToken}`).toString('base64')}`;
  for (const good of [`Bearer ${adminKey}`, `Bearer ${metricsToken}`, basic]) {
    expect(await read(good)).toEqual([200, expect.stringContaining('tidings_log_head')]);
  }
  const sentence = '/metrics: expected a key with the permission ADMIN, or the token of TIDINGS_METRICS_TOKEN, got';
  for (const permissions of [['EMIT'], ['READ'], ['EMIT', 'READ']]) {
    const [status, text] = await read(`Bearer ${(await makeKey(url, { permissions })).secret}`);
    expect([status, JSON.parse(text).errors]).toEqual([
      403,
      [{ message: `${sentence} the key "test"`, extensions: { code: 'FORBIDDEN' } }],
    ]);
  }
  for (const wrong of [undefined, `Bearer ${metricsToken}x`, 'Bearer']) {
    const [status, text] = await read(wrong);
    expect([status, JSON.parse(text).errors[0].message]).toEqual([401, `${sentence} no valid one`]);
  }
  const authorization = `Bearer ${metricsToken}`;
  expect((await overHttp(url, { authorization })({ query: '{ service { version } }' })).status).toBe(401);
  expect((await overSse(url, { authorization })({ query: 'subscription { events { id } }' })).status).toBe(401);
  for (const path of ['/api/events', '/cloudevents', '/api/events/filter']) {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      body: '[]',
      headers: { authorization, 'content-type': 'application/json' },
    });
    expect(response.status, path).toBe(401);
  }
  await expect(openRaw(url, { headers: { authorization } })).rejects.toThrow('closed with 4401');
});
