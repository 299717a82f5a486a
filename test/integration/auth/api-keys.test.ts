import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { readSettings } from '../../../src/settings.ts';
import { startTidings } from '../../../src/main.ts';
import { adminKey, bearer, makeKey, revocation } from '../../support/keys.ts';
import { newDatabase, post, startTestServer } from '../../support/test-server.ts';

const emitMutation = 'mutation ($input: EventInput!) { emitEvent(input: $input) { status userErrors { code field message } } }';
const event = (id: string, nextResult: object = {}): object => ({
  input: { id, event: 'acme.done', resource: { id: 'acme.thing' }, ...nextResult },
});

test('without keys the server listens on loopback only, and its message says how to create one', async () => {
  await using testDatabase = await newDatabase();
  const start = (settings: Record<string, string>) => startTidings(readSettings({ ...testDatabase.environment, PORT: '0', ...settings }));
  for (const HOST of ['0.0.0.0', '::', '192.0.2.1', 'localhost.example.org']) {
    await expect(start({ HOST })).rejects.toThrow(/^HOST: .*keys create NAME.*TIDINGS_ADMIN_KEY/);
  }
  await (await start({ HOST: 'localhost' }))[Symbol.asyncDispose]();
  await (await start({ HOST: '0.0.0.0', TIDINGS_ADMIN_KEY: adminKey }))[Symbol.asyncDispose]();

  await using open = await start({});
  const made = 'mutation { createApiKey(input: { name: "first" }) { key { id } } }';
  const { id } = (await post(open.url, made)).data.createApiKey.key;
  await open[Symbol.asyncDispose]();
  await (await start({ HOST: '0.0.0.0' }))[Symbol.asyncDispose](); // a key is in the database now
  await using closed = await start({ TIDINGS_ADMIN_KEY: adminKey });
  await bearer(closed.url, adminKey).data(revocation, { id });
  await closed[Symbol.asyncDispose]();
  await using still = await start({});
  expect((await post(still.url, '{ head }')).status).toBe(401); // also when the last one is revoked
});

test('the first key ends open access, also for existing connections', async () => {
  await using server = await startTestServer();
  const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  const closed = once(socket, 'close');
  await server.data('mutation { createApiKey(input: { name: "first" }) { secret } }');
  expect((await closed)[0]).toBe(4403);
  expect((await server.execute('{ head }')).status).toBe(401);
});

test('a request without a valid key gets 401 from every endpoint', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = server.tidings;
  const { secret } = await makeKey(url, {});
  const flipped = secret.slice(0, -1) + (secret.endsWith('A') ? 'B' : 'A');
  const wrong = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${flipped}`,
    `Bearer ${secret}x`,
    `Basic ${secret}`,
    `Bearer ${adminKey}x`,
    'Bearer \u00e9',
  ];
  for (const authorization of wrong) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await fetch(`${url}/graphql?query={head}`, { headers: { ...headers, accept: 'application/json' } });
    expect(response.status, authorization).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect((await fetch(`${url}/metrics`, { headers })).status).toBe(401);
    const stream = await fetch(`${url}/graphql?query=subscription{events{id}}`, { headers: { ...headers, accept: 'text/event-stream' } });
    expect(stream.status).toBe(401);
    await stream.body?.cancel();
  }
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const authorization of [`Bearer ${secret}`, `bearer ${adminKey}`, basic(secret), basic(`ops:${secret}`)]) {
    expect((await post(url, '{ head }', {}, { authorization })).status).toBe(200);
    expect((await fetch(`${url}/metrics`, { headers: { authorization } })).status).toBe(authorization.includes(adminKey) ? 200 : 403);
  }
  // The GraphiQL page needs no key, but its operations do.
  expect((await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } })).status).toBe(200);
  const page = await fetch(`${url}/graphql?query={head}`, { headers: { accept: 'text/html' } }); // after F5, or from a shared link
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect((await page.text()).includes('YogaGraphiQL')).toBe(true);
  for (const path of ['/livez', '/readyz']) expect((await fetch(url + path)).status).toBe(200);
});

test('a WebSocket needs a key in connection_init or in its header, or is closed with 4401', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const connect = async (payload: object | undefined, headers: Record<string, string> = {}): Promise<unknown> => {
    const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
    const closed = once(socket, 'close').then(([code]) => code as number);
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    const response = once(socket, 'message').then(([data]) => JSON.parse(String(data)).type as string);
    const got = await Promise.race([closed, response]);
    socket.terminate();
    return got;
  };
  const good = `Bearer ${adminKey}`;
  expect(await connect({ authorization: good })).toBe('connection_ack');
  expect(await connect({ Authorization: good })).toBe('connection_ack');
  expect(await connect({ AUTHORIZATION: good })).toBe('connection_ack');
  expect(await connect({ headers: { Authorization: good } })).toBe('connection_ack');
  expect(await connect({ headers: { authorization: good } })).toBe('connection_ack');
  expect(await connect({ headers: { Authorization: 'Bearer no' } }, { authorization: good })).toBe(4401);
  expect(await connect({ headers: null, other: good })).toBe(4401);
  expect(await connect(undefined, { authorization: good })).toBe('connection_ack');
  expect(await connect({ authorization: adminKey })).toBe('connection_ack');
  for (const payload of [undefined, {}, { authorization: 'Bearer no' }, { authorization: 7 }, { authorization: null }]) {
    expect(await connect(payload)).toBe(4401);
  }
  expect(await connect({ authorization: 'Bearer no' }, { authorization: good })).toBe(4401); // connection_init takes precedence
});

test('a key has exactly the permissions that it was created with', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = server.tidings;
  const operationsByPermission = {
    EMIT: ['mutation { emitEvent(input: { event: "a", resource: { id: "r" } }) { status event { follows { id } } } }'],
    READ: ['{ head }', '{ events { nodes { id } } }', '{ eventCounts(by: [{ event: {} }]) { total } }', '{ resource(id: "r") { id } }'],
    ADMIN: ['{ apiKeys { id } }', 'mutation { createApiKey(input: { name: "another" }) { key { id } } }'],
  };
  for (const permission of Object.keys(operationsByPermission) as (keyof typeof operationsByPermission)[]) {
    const { bearer: holder } = await makeKey(url, { permissions: [permission] });
    for (const [needed, operations] of Object.entries(operationsByPermission)) {
      for (const operation of operations) {
        const { data, errors } = await holder.execute(operation);
        if (needed === permission) expect(errors, operation).toBeUndefined();
        else {
          expect(errors?.[0]?.extensions, operation).toEqual({ code: 'FORBIDDEN' });
          expect(Object.values(data ?? {}).filter((value) => value !== null)).toEqual([]);
        }
      }
    }
    const client = holder.socket();
    const listening = client.iterate({ query: 'subscription { eventStream(until: null) { __typename } }' });
    const first = (await listening.next()).value as any;
    if (permission === 'READ') expect(first.data.eventStream.__typename).toBe('CaughtUp');
    else expect(first.errors[0].extensions.code).toBe('FORBIDDEN');
    await client.dispose();
  }
});

test('a revoked key loses its sockets and streams, and can store nothing more', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = server.tidings;
  const { id, bearer: holder } = await makeKey(url, {});
  const other = await makeKey(url, {});
  const closed = vi.fn<(event: unknown) => void>();
  const client = holder.socket({ closed });
  const untouched = other.bearer.socket();
  const untouchedEvents = untouched.iterate({ query: 'subscription { events { id } }' });
  const query = 'subscription { events { id } }';
  const listening = client.iterate({ query });
  const first = listening.next();
  const firstUntouched = untouchedEvents.next();
  const authorization = `Bearer ${holder.secret}`;
  const stream = await fetch(`${url}/graphql?query=${query}`, { headers: { accept: 'text/event-stream', authorization } });
  await vi.waitFor(async () => {
    await holder.data(emitMutation, event(`e-${Math.random()}`));
    await Promise.race([first, new Promise((_, reject) => setTimeout(reject, 100))]);
  }, 20_000);
  await firstUntouched;

  await bearer(url, adminKey).data(revocation, { id });
  expect((await holder.execute(emitMutation, event('late'))).status).toBe(401);
  await vi.waitFor(() => expect(closed).toHaveBeenCalled(), 20_000);
  expect(closed.mock.calls[0]?.[0]).toMatchObject({ code: 4403 });
  const drain = async (): Promise<void> => {
    for await (const _ of stream.body!);
  };
  await expect(drain()).rejects.toThrow('terminated');
  const nextResult = untouchedEvents.next();
  await other.bearer.data(emitMutation, event('after'));
  expect((await nextResult).value).toBeDefined();
  expect(await bearer(url, adminKey).data('{ event(id: "late") { id } }')).toEqual({ event: null });
  await untouched.dispose();
});

test('an expired key is rejected', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = server.tidings;
  const closed = vi.fn<(event: unknown) => void>();
  const { bearer: holder } = await makeKey(url, { expires: new Date(Date.now() + 3000).toISOString() });
  const client = holder.socket({ closed });
  void client.iterate({ query: 'subscription { events { id } }' }).next();
  expect((await holder.execute('{ head }')).status).toBe(200);
  await vi.waitFor(async () => expect((await holder.execute('{ head }')).status).toBe(401), 20_000);
  await vi.waitFor(() => expect(closed.mock.calls[0]?.[0]).toMatchObject({ code: 4403 }), 20_000);
});

test('a key with a prefix emits only for resources under it, and no key emits events of the server', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { bearer: holder } = await makeKey(server.tidings.url, { emitPrefix: 'acme.' });
  expect((await holder.data(emitMutation, event('one'))).emitEvent.status).toBe('CREATED');
  for (const id of ['acme', 'acm', 'Acme.thing', 'other.acme.thing']) {
    expect((await holder.data(emitMutation, event('two', { resource: { id } }))).emitEvent).toMatchObject({
      status: 'REJECTED',
      userErrors: [{ code: 'FORBIDDEN', field: ['input', 'resource', 'id'], message: expect.stringContaining('acme.') }],
    });
  }
  const related = [{ id: 'other', role: 'actor' }];
  expect((await holder.data(emitMutation, event('three', { related }))).emitEvent.status).toBe('CREATED');
  const admin = bearer(server.tidings.url, adminKey);
  for (const each of [holder, admin]) {
    const forged: readonly (readonly [object, readonly string[]])[] = [
      [event('four', { event: 'tidings.api-key.created' }), ['input', 'event']],
      [event('tidings.api-key.x.revoked', {}), ['input', 'id']],
      [event('five', { resource: { id: 'tidings.api-key.x' } }), ['input', 'resource', 'id']],
    ];
    for (const [input, field] of forged) {
      expect((await each.data(emitMutation, input)).emitEvent).toMatchObject({
        status: 'REJECTED',
        userErrors: [{ code: 'FORBIDDEN', field }],
      });
    }
  }
});

test('changes of keys and rejected requests are recorded in the log', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = server.tidings;
  const admin = bearer(url, adminKey);
  const { id, secret, bearer: holder } = await makeKey(url, { name: 'Kiki', permissions: ['READ'], filter: { id: ['x'] } });
  await holder.execute(emitMutation, event('one'));
  for (let requests = 0; requests < 30; requests += 1) await post(url, '{ head }', {}, { authorization: `Bearer ${secret}x` });
  await admin.data(revocation, { id });
  await admin.data(revocation, { id }); // recorded once
  const query =
    '{ events(order: OLDEST_FIRST, filter: { event: { startsWith: ["tidings."] } }) { nodes { event resource { resourceId name } related { resourceId role } payload } } }';
  await vi.waitFor(async () => {
    const { nodes } = (await admin.data(query)).events;
    const key = { resourceId: `tidings.api-key.${id}`, name: 'Kiki' };
    const related = [{ resourceId: 'tidings.api-key.admin', role: 'actor' }];
    expect(nodes).toHaveLength(4);
    expect(nodes).toEqual(
      expect.arrayContaining([
        {
          event: 'tidings.api-key.created',
          resource: key,
          related,
          payload: { permissions: ['read'], filter: { id: ['x'] }, emitPrefix: null, expires: null },
        },
        {
          event: 'tidings.access.rejected',
          resource: key,
          related: [],
          payload: { reason: 'FORBIDDEN', protocol: 'graphql', address: '127.0.0.1', times: 1 },
        },
        {
          event: 'tidings.access.rejected',
          resource: { resourceId: 'tidings.address.127.0.0.1', name: null },
          related: [],
          payload: { reason: 'UNAUTHENTICATED', protocol: 'http', address: '127.0.0.1', times: 1 },
        },
        { event: 'tidings.api-key.revoked', resource: key, related, payload: {} },
      ]),
    );
  }, 20_000);
  expect(JSON.stringify(await admin.data('{ apiKeys { id name permissions filter emitPrefix created expires revoked } }'))).not.toContain(
    secret.slice(21),
  );
});

test('an invalid request for a key is rejected with its path', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const admin = bearer(server.tidings.url, adminKey);
  const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key { id } } }';
  const rejected: readonly (readonly [object, string, readonly string[]])[] = [
    [{ name: '' }, 'BAD_USER_INPUT', ['input', 'name']],
    [{ name: 'a\u0000b' }, 'BAD_USER_INPUT', ['input', 'name']],
    [{ permissions: [] }, 'BAD_USER_INPUT', ['input', 'permissions']],
    [{ emitPrefix: '' }, 'BAD_USER_INPUT', ['input', 'emitPrefix']],
    [{ expires: '2020-01-01T00:00:00Z' }, 'BAD_USER_INPUT', ['input', 'expires']],
    [{ expires: 'tomorrow' }, 'BAD_USER_INPUT', ['input', 'expires']],
    [{ filter: { text: 'x'.repeat(300) } }, 'BAD_FILTER', ['input', 'filter', 'text']],
  ];
  for (const [input, code, path] of rejected) {
    const { errors } = await admin.execute(create, { input: { name: 'test', ...input } });
    expect(errors?.[0]?.extensions, JSON.stringify(input)).toEqual({ code, path });
  }
  expect((await admin.execute(revocation, { id: 'unknown' })).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', path: ['id'] });
  await makeKey(server.tidings.url, { filter: { resource: { labels: [{ key: 'ключ', like: ['*🔑?'] }] } }, name: 'ünïcödé 🔑' });
});
