import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { adminKey, makeKey } from '../../support/keys.ts';
import { openRaw } from '../../support/protocols/raw-socket.ts';
import { overHttp, overSse, overWebSocket, type Transport } from '../../support/transports.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const page = { query: '{ events(first: 100) { nodes { id } } }' }; // costs 302
const stream = { query: 'subscription { eventStream(batchSize: 100) { ... on EventBatch { events { id } } } }' };

describe('the cost of one client in a minute is bounded', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_COST: '2000', TIDINGS_MAX_COST_PER_MINUTE: '1000' });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Sends a request until it is rejected; returns the status and headers of the rejection. */
  async function exhaustLimit(transport: Transport, request = page): Promise<any> {
    for (let requestCount = 0; requestCount < 3; requestCount += 1) expect((await transport(request)).error).toBeUndefined();
    const { error, status, headers } = await transport(request);
    expect(error?.message).toMatch(/cost 1000 a minute at most, got another one of 302; repeat it after \d+ ms/);
    expect(error?.extensions).toEqual({ code: 'LIMIT_EXCEEDED', retryAfterMs: expect.any(Number) });
    const { retryAfterMs } = error!.extensions;
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThan(20_000);
    return { status, retryAfter: headers?.['retry-after'], seconds: String(Math.ceil(retryAfterMs / 1000)) };
  }
  const authorization = async (): Promise<string> => `Bearer ${(await makeKey(server.tidings.url, {})).secret}`;

  test('over HTTP with 429 and retry-after, for each key separately', async () => {
    const [first, second] = [await authorization(), await authorization()];
    const { status, retryAfter, seconds } = await exhaustLimit(overHttp(server.tidings.url, { authorization: first }));
    expect([status, retryAfter]).toEqual([429, seconds]);
    await exhaustLimit(overHttp(server.tidings.url, { authorization: second }));
    // A request that fits into the rest of the bucket is accepted.
    expect((await overHttp(server.tidings.url, { authorization: first })({ query: '{ head }' })).error).toBeUndefined();
  });

  test('over WebSocket, where the socket stays open and shares the bucket with HTTP', async () => {
    const key = await authorization();
    using raw = await openRaw(server.tidings.url, { headers: { authorization: key } });
    await exhaustLimit(overWebSocket(raw));
    expect((await overHttp(server.tidings.url, { authorization: key })(page)).status).toBe(429);
    expect((await overWebSocket(raw)({ query: '{ head }' })).error).toBeUndefined();
  });

  test('for subscriptions over WebSocket, and over SSE with 429', async () => {
    using raw = await openRaw(server.tidings.url, { headers: { authorization: await authorization() } });
    await exhaustLimit(overWebSocket(raw), stream);
    const { status, retryAfter, seconds } = await exhaustLimit(
      overSse(server.tidings.url, { authorization: await authorization() }),
      stream,
    );
    expect([status, retryAfter]).toEqual([429, seconds]);
  });

  test('a request that costs more than a minute allows gets no retryAfterMs', async () => {
    const { error, status } = await overHttp(server.tidings.url, { authorization: await authorization() })({
      query: '{ events(first: 500) { nodes { id } } }',
    });
    expect(error?.message).toMatch(/more than a whole minute allows/);
    expect(error?.extensions).toEqual({ code: 'LIMIT_EXCEEDED' });
    expect(status).toBe(200);
  });
});

test('on a server without keys, an address has one bucket for HTTP and WebSocket', async () => {
  await using server = await startTestServer({ TIDINGS_MAX_COST_PER_MINUTE: '1000' });
  using raw = await openRaw(server.tidings.url);
  const transports = [overHttp(server.tidings.url), overWebSocket(raw), overHttp(server.tidings.url)];
  for (const transport of transports) expect((await transport(page)).error).toBeUndefined();
  for (const transport of transports) expect((await transport(page)).error?.extensions.retryAfterMs).toBeGreaterThan(0);
});

describe('the connections of one client are bounded', () => {
  const maxConnections = 4;
  let server: TestServer;
  let url: string;
  beforeAll(async () => {
    server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_CONNECTIONS: String(maxConnections) });
    ({ url } = server.tidings);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const upgrade = (address: string): Promise<number | WebSocket> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { localAddress: address });
      socket.on('error', () => undefined);
      socket.on('unexpected-response', (_request, { statusCode, headers }) => {
        expect(headers['retry-after']).toBe('10');
        resolve(statusCode ?? 0);
      });
      socket.on('open', () => resolve(socket));
    });
  const listen = async (authorization: string): Promise<{ status: number; headers: Headers; body: any; stop: () => void }> => {
    const stopping = new AbortController();
    const { status, headers, body } = await fetch(`${url}/graphql?query=subscription{events{id}}`, {
      headers: { authorization, accept: 'text/event-stream' },
      signal: stopping.signal,
    });
    return { status, headers, body, stop: () => stopping.abort() };
  };

  test('by address, also before authentication; a closed one makes room', async () => {
    const sockets = await Promise.all(Array.from({ length: maxConnections }, () => upgrade('127.0.0.2')));
    expect(sockets.filter((each) => typeof each === 'number')).toEqual([]);
    expect(await upgrade('127.0.0.2')).toBe(429);
    const elsewhere = (await upgrade('127.0.0.3')) as WebSocket;
    elsewhere.terminate();
    const [first] = sockets as WebSocket[];
    first!.close();
    await once(first!, 'close');
    await expect
      .poll(async () => {
        const again = await upgrade('127.0.0.2');
        if (again instanceof WebSocket) sockets.push(again);
        return again;
      })
      .toBeInstanceOf(WebSocket);
    for (const socket of sockets as WebSocket[]) socket.terminate();
  });

  test('by key, from all addresses, over WebSocket and SSE together', async () => {
    const authorization = `Bearer ${(await makeKey(url, { permissions: ['READ'] })).secret}`;
    const open = [];
    for (const n of [1, 2]) open.push(await openRaw(url, { headers: { authorization }, localAddress: `127.0.1.${n}` }));
    const streams = [await listen(authorization), await listen(authorization)];
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);

    const rejected = await listen(authorization);
    expect([rejected.status, rejected.headers.get('retry-after')]).toEqual([429, '10']);
    const socket = (await upgrade('127.0.1.3')) as WebSocket;
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
    const [code, reason] = await once(socket, 'close');
    // The code that makes clients reconnect after a delay.
    expect([code, String(reason)]).toEqual([1013, 'Too many connections of this key']);

    const other = `Bearer ${(await makeKey(url, { permissions: ['READ'] })).secret}`;
    (await openRaw(url, { headers: { authorization: other }, localAddress: '127.0.1.4' }))[Symbol.dispose]();
    streams[0]!.stop();
    const again = await expect.poll(() =>
      openRaw(url, { headers: { authorization }, localAddress: '127.0.1.5' }).then(
        (raw) => open.push(raw),
        () => 0,
      ),
    );
    await again.toBe(3);
    for (const each of open) each[Symbol.dispose]();
    streams[1]!.stop();
  });

  test('and reported by service.limits', async () => {
    const { data } = await overHttp(url, { authorization: `Bearer ${adminKey}` })({
      query: '{ service { limits { connectionsPerClient costPerMinute bodyBytes } } }',
    });
    expect(data.service.limits).toEqual({ connectionsPerClient: maxConnections, costPerMinute: 60_000_000, bodyBytes: 16_777_216 });
  });
});
