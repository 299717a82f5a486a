import { get, type RequestOptions } from 'node:http';
import { once } from 'node:events';
import { getIntrospectionQuery } from 'graphql';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bearer, adminKey, makeKey } from '../support/keys.ts';
import { openRaw } from '../support/raw-socket.ts';
import { overHttp, overSse, overWebSocket } from '../support/transports.ts';
import { startWorld, type World } from '../support/world.ts';

const costly = '{ events(first: 1000) { nodes { id } } }'; // 2,102
const stream = 'subscription { eventStream(batchSize: 1000) { __typename ... on EventBatch { events { id } } } }';
const refused = (limit: number) => ({
  message: expect.stringMatching(
    new RegExp(`^expected operations of cost ${limit} a minute at most, got another one of \\d+; repeat it after \\d+ ms$`),
  ),
  extensions: { code: 'LIMIT_EXCEEDED', retryAfterMs: expect.any(Number) },
});

describe('what one client asks in a minute is bounded', () => {
  test('over all transports together, by address where there are no keys', async () => {
    await using world = await startWorld({ TIDINGS_MAX_COST_PER_MINUTE: '10000' });
    using raw = await openRaw(world.tidings.url);
    const [http, sse, ws] = [overHttp(world.tidings.url), overSse(world.tidings.url), overWebSocket(raw)];
    for (const ask of [http, ws, http]) expect((await ask({ query: costly })).error).toBeUndefined();
    expect((await sse({ query: stream })).error).toBeUndefined();

    for (let n = 0; n < 3; n += 1) {
      const overHttp = await http({ query: costly });
      expect(overHttp).toMatchObject({ status: 429, error: refused(10_000) });
      const seconds = Number(overHttp.headers!['retry-after']);
      expect(seconds).toBe(Math.ceil(overHttp.error!.extensions.retryAfterMs / 1000));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60);
      expect(overHttp.error!.extensions.http).toBeUndefined();
      expect((await ws({ query: costly })).error).toEqual(refused(10_000));
      expect((await ws({ query: stream })).error).toEqual(refused(10_000));
      expect(await sse({ query: stream })).toMatchObject({ status: 429, error: refused(10_000) });
    }
    // What is small still goes, and the socket lives.
    expect((await ws({ query: '{ head }' })).data.head).toBeTypeOf('string');
    expect((await http({ query: '{ head }' })).status).toBe(200);
  });

  test('by key, of which one does not take from the other', async () => {
    await using world = await startWorld({ TIDINGS_MAX_COST_PER_MINUTE: '5000', TIDINGS_ADMIN_KEY: adminKey });
    const { url } = world.tidings;
    const [busy, calm] = [await makeKey(url, {}), await makeKey(url, {})];
    const over = (secret: string) => overHttp(url, { authorization: `Bearer ${secret}` });
    for (let n = 0; n < 2; n += 1) expect((await over(busy.secret)({ query: costly })).status).toBe(200);
    expect(await over(busy.secret)({ query: costly })).toMatchObject({ status: 429, error: refused(5000) });
    expect((await over(calm.secret)({ query: costly })).status).toBe(200);
    using raw = await openRaw(url, { headers: { authorization: `Bearer ${busy.secret}` } });
    expect((await overWebSocket(raw)({ query: costly })).error).toEqual(refused(5000));
    expect((await bearer(url, busy.secret).answer('{ head }')).status).toBe(200);
  });

  test('with what is never allowed told as such', async () => {
    await using world = await startWorld({ TIDINGS_MAX_COST_PER_MINUTE: '1000' });
    const { error, status } = await overHttp(world.tidings.url)({ query: costly });
    expect([status, error]).toEqual([
      200,
      { message: expect.stringContaining('which is never allowed'), extensions: { code: 'LIMIT_EXCEEDED' } },
    ]);
  });
});

/** How many of so many upgrades succeed, and what the others get; all stay open until disposed of. */
async function open(
  url: string,
  count: number,
): Promise<Disposable & { readonly statuses: (number | undefined)[]; readonly sockets: WebSocket[] }> {
  const sockets = Array.from({ length: count }, () => new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws'));
  const statuses = await Promise.all(
    sockets.map(async (socket) => {
      socket.on('error', () => undefined);
      const refused = once(socket, 'unexpected-response').then(([, response]) => response.statusCode as number);
      return Promise.race([once(socket, 'open').then(() => 101), refused]);
    }),
  );
  return { statuses, sockets, [Symbol.dispose]: () => sockets.forEach((socket) => socket.terminate()) };
}

function openStream(url: string, options: RequestOptions = {}): Promise<{ readonly status: number | undefined; readonly end: () => void }> {
  const headers = { accept: 'text/event-stream', ...(options.headers as object) };
  return new Promise((resolve) => {
    const asked = get(
      `${url}/graphql?query=${encodeURIComponent('subscription { events { id } }')}`,
      { ...options, headers },
      (response) => {
        response.on('error', () => undefined).resume();
        resolve({ status: response.statusCode, end: () => asked.destroy() });
      },
    );
    asked.on('error', () => undefined);
  });
}

describe('what one client has open is bounded', () => {
  const patience = { timeout: 20_000, interval: 20 };

  test('sockets and streams of an address, together; what closes makes room', async () => {
    await using world = await startWorld({ TIDINGS_MAX_CONNECTIONS: '3' });
    const { url } = world.tidings;
    const stream = await openStream(url);
    expect(stream.status).toBe(200);
    using sockets = await open(url, 5);
    expect(sockets.statuses.filter((status) => status === 101)).toHaveLength(2);
    expect(sockets.statuses.filter((status) => status === 429)).toHaveLength(3);
    expect((await openStream(url)).status).toBe(429);
    expect((await world.answer('{ head }')).status).toBe(200);
    stream.end();
    await expect.poll(async () => (await openStream(url)).status, patience).toBe(200);
    sockets.sockets.forEach((socket) => socket.terminate());
    await expect.poll(async () => (await open(url, 1)).statuses, patience).toEqual([101]);
  });

  // Elsewhere a machine has but one address of its own.
  test.runIf(process.platform === 'linux')(
    'sockets and streams of a key, wherever from: stock clients of one more come again',
    async () => {
      await using world = await startWorld({ TIDINGS_MAX_CONNECTIONS: '2', TIDINGS_ADMIN_KEY: adminKey });
      const { url } = world.tidings;
      const { secret } = await makeKey(url, {});
      const headers = { authorization: `Bearer ${secret}` };
      using first = await openRaw(url, { headers });
      using _second = await openRaw(url, { headers, localAddress: '127.0.0.2' });
      expect((await openStream(url, { headers, localAddress: '127.0.0.3' })).status).toBe(429);
      const third = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers, localAddress: '127.0.0.3' });
      third.on('open', () => third.send('{"type":"connection_init"}'));
      const [code, reason] = (await once(third, 'close')) as [number, Buffer];
      expect([code, reason.toString()]).toEqual([1013, expect.stringContaining('at most 2')]);
      const other = await makeKey(url, {});
      using _other = await openRaw(url, { headers: { authorization: `Bearer ${other.secret}` }, localAddress: '127.0.0.3' });
      first.socket.terminate();
      const again = async (): Promise<number | undefined> => (await openStream(url, { headers, localAddress: '127.0.0.4' })).status;
      await expect.poll(again, patience).toBe(200);
    },
  );
});

describe('introspection and GraphiQL', () => {
  const questions = [
    getIntrospectionQuery(),
    '{ __type(name: "Query") { name } }',
    '{ ...S } fragment S on Query { __schema { queryType { name } } }',
  ];
  const misspelt = '{ heat service { limitz { pageSize } } }';
  const wrongVariable = { query: 'query ($f: EventFilter) { events(filter: $f) { head } }', variables: { f: { resourc: { id: 'x' } } } };

  async function all(world: World) {
    const raw = await openRaw(world.tidings.url);
    const doors = { HTTP: overHttp(world.tidings.url), WebSocket: overWebSocket(raw) };
    return { raw, doors: Object.entries(doors) };
  }

  test('can be switched off on all transports, and then names are not given away either', async () => {
    await using world = await startWorld({ TIDINGS_INTROSPECTION: 'off', TIDINGS_GRAPHIQL: 'off' });
    const { raw, doors } = await all(world);
    for (const [door, ask] of doors) {
      for (const query of [...questions, ...questions]) {
        const { error, data } = await ask({ query });
        expect([error?.extensions?.code, data ?? null], door).toEqual(['FORBIDDEN', null]);
      }
      expect((await ask({ query: '{ __typename head }' })).data.__typename, door).toBe('Query');
      for (const request of [{ query: misspelt }, wrongVariable]) {
        const { error } = await ask(request);
        expect(error?.message, door).not.toContain('Did you mean');
        expect(error?.message, door).toMatch(/heat|resourc/);
      }
    }
    raw[Symbol.dispose]();
    expect((await overSse(world.tidings.url)({ query: questions[0]! })).error?.extensions.code).toBe('FORBIDDEN');
    const page = await fetch(`${world.tidings.url}/graphql`, { headers: { accept: 'text/html' } });
    expect(page.headers.get('content-type') ?? '').not.toContain('text/html');
    expect(await page.text()).not.toContain('GraphiQL');
  });

  test('are on by default', async () => {
    await using world = await startWorld();
    const { raw, doors } = await all(world);
    for (const [door, ask] of doors) {
      for (const query of questions) expect((await ask({ query })).error, door).toBeUndefined();
      expect((await ask({ query: misspelt })).error?.message, door).toContain('Did you mean');
    }
    raw[Symbol.dispose]();
  });
});

test('the id of an operation is bounded, since it goes with every message', async () => {
  await using world = await startWorld();
  using raw = await openRaw(world.tidings.url);
  const subscribe = (id: string): void => raw.send({ id, type: 'subscribe', payload: { query: '{ head }' } });
  subscribe('x'.repeat(255));
  subscribe('x'.repeat(256));
  subscribe('x'.repeat(1_000_000));
  await raw.settled();
  expect(raw.received.get('error LIMIT_EXCEEDED')).toBe(2);
  expect(raw.received.get('next')).toBe(2);
});
