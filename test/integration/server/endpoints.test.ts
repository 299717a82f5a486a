import { createConnection } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ TIDINGS_MAX_BODY_BYTES: '20000', TIDINGS_MAX_SUBSCRIPTIONS: '5' });
});
afterAll(() => server[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(`${server.tidings.url}${path}`, { headers });

test('health, metrics and the home page are served, and no other path', async () => {
  expect(await (await get('/livez')).text()).toBe('live\n');
  expect((await get('/readyz')).status).toBe(200);
  const metrics = await (await get('/metrics')).text();
  for (const name of ['tidings_events_emitted_total', 'tidings_subscriptions', 'tidings_log_head', 'nodejs_eventloop_lag_seconds']) {
    expect(metrics).toContain(`# TYPE ${name}`);
  }
  expect((await get('/livez')).headers.get('keep-alive')).toBe('timeout=65'); // longer than most load balancers
  const homePage = await get('/');
  expect(homePage.headers.get('content-type')).toContain('text/html');
  expect(await homePage.text()).toContain('href="/graphql"');
  for (const path of ['/nothing', '/graphql/health', '/x/graphql', '/health', '/..%2f']) expect((await get(path)).status, path).toBe(404);
});

test.each(['/', '/licenses.md', '/livez', '/readyz', '/metrics'])(
  '%s is only read: events that are sent there are not taken',
  async (path) => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const body = method === 'DELETE' ? null : '{"specversion":"1.0","id":"1","source":"s","type":"t","time":"2026-11-23T14:41:10Z"}';
      const response = await fetch(`${server.tidings.url}${path}`, { method, body });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      const message = `expected GET at ${path}, got ${method}; events go to /graphql, /api/events or /cloudevents`;
      expect(await response.json()).toEqual({ errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }] });
    }
    const head = await fetch(`${server.tidings.url}${path}`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  },
);

test('GraphiQL loads nothing from other servers and subscribes over WebSocket', async () => {
  const page = await (await get('/graphql', { accept: 'text/html' })).text();
  expect(page).toContain('Tidings');
  expect(page).toContain('"subscriptionsProtocol":"WS"');
  expect(page.match(/(?:src|href)="https?:\/\/[^"]+"/g)).toBeNull();
});

test.each([
  ['/', {}],
  ['/graphql', {}],
  ['/graphql', { 'accept-encoding': 'identity' }],
])('a browser that has the page at %s gets a 304 (%j)', async (path, headers) => {
  const accept = { ...headers, accept: 'text/html' };
  const page = await get(path, accept);
  await page.text();
  const etag = page.headers.get('etag')!;
  const repeated = await get(path, { ...accept, 'if-none-match': etag });
  expect([repeated.status, repeated.headers.get('etag'), repeated.headers.get('x-frame-options')]).toEqual([304, etag, 'DENY']);
  const head = await fetch(`${server.tidings.url}${path}`, { method: 'HEAD', headers: accept });
  expect([head.status, head.headers.get('etag')]).toEqual([200, etag]);
});

test.each([
  ['no JSON', 'nonsense', 400],
  ['no query', '{}', 400],
  ['a syntax error', '{"query":"{"}', 400],
  ['an unknown field', '{"query":"{ nothing }"}', 400],
  ['variables of a wrong type', '{"query":"query ($id: ID!) { event(id: $id) { id } }","variables":{"id":{}}}', 400],
])('a request with %s gets an error, not a crash', async (_name, body, status) => {
  const response = await fetch(`${server.tidings.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body,
  });
  expect(response.status).toBe(status);
  const { errors } = (await response.json()) as any;
  expect(errors[0].message).toBeTypeOf('string');
  expect(JSON.stringify(errors)).not.toContain('node_modules');
});

test('an expected error of a resolver is not a server error', async () => {
  const { status, errors } = await server.execute('{ events(first: -1) { head } }');
  expect([status, errors?.[0]?.extensions.code]).toEqual([200, 'BAD_USER_INPUT']);
});

test('a mutation by GET is rejected', async () => {
  const query = encodeURIComponent('mutation { emitEvent(input: {id: "by-get", event: "a", resource: {id: "r"}}) { status } }');
  expect((await get(`/graphql?query=${query}`)).status).toBe(405);
  expect((await server.data('{ event(id: "by-get") { id } }')).event).toBeNull();
});

test('pages of other origins can neither read responses nor open sockets', async () => {
  const response = await get('/graphql?query={head}', { origin: 'https://elsewhere.example' });
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
  expect(await opened({ origin: 'https://elsewhere.example' })).toBe(403);
  expect(await opened({ origin: server.tidings.url })).toBe('open');
});

test('no other page can show the pages in a frame', async () => {
  for (const path of ['/', '/graphql']) {
    const { headers } = await fetch(`${server.tidings.url}${path}`, { headers: { accept: 'text/html' } });
    expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
    expect(headers.get('x-frame-options'), path).toBe('DENY');
  }
});

test('a socket must be at /graphql', async () => {
  expect(await opened({ path: '/elsewhere' })).toBe(404);
});

test('operations on one socket are bounded, and the end of one makes room for another', async () => {
  const client = server.socket();
  const open: (() => void)[] = [];
  const subscribe = (): Promise<unknown> =>
    new Promise((resolve) => {
      const stop = client.subscribe(
        { query: 'subscription { events { id } }' },
        { next: () => undefined, error: resolve, complete: () => resolve('completed') },
      );
      open.push(stop);
      setTimeout(() => resolve('open'), 500);
    });
  const results = await Promise.all(Array.from({ length: 6 }, subscribe));
  expect(results.filter((result) => result === 'open')).toHaveLength(5);
  expect(results.filter((result) => result !== 'open')).toEqual([[expect.objectContaining({ extensions: { code: 'LIMIT_EXCEEDED' } })]]);
  open.forEach((stop) => stop());
  expect(await subscribe()).toBe('open');
});

test('broken frames close only their own socket', async () => {
  for (const frame of [
    'not json',
    '{"type":"nothing"}',
    '{"type":"subscribe"}',
    '[]',
    JSON.stringify({ type: 'connection_init', payload: 'x'.repeat(30_000) }),
  ]) {
    const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const code = await new Promise<number>((resolve) => {
      socket.on('open', () => socket.send(frame));
      socket.on('close', resolve);
      socket.on('error', () => undefined);
    });
    expect([4400, 4401, 1009], frame).toContain(code);
  }
  expect((await get('/livez')).status).toBe(200);
});

test('a shutdown finishes requests, closes sockets with 1001 and ends streams', async () => {
  const stopping = await startTestServer();
  const socket = new WebSocket(`${stopping.tidings.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.on('open', resolve));
  const stream = await fetch(`${stopping.tidings.url}/graphql?query=${encodeURIComponent('subscription { events { id } }')}`, {
    headers: { accept: 'text/event-stream' },
  });
  const ended = (async () => {
    for await (const _ of stream.body as unknown as AsyncIterable<Uint8Array>) void _;
  })().catch(() => undefined);
  const idle = createConnection(Number(new URL(stopping.tidings.url).port), '127.0.0.1');
  const emissions = Array.from({ length: 20 }, (_, index) =>
    stopping.execute('mutation ($id: ID) { emitEvent(input: {id: $id, event: "a", resource: {id: "r"}}) { status } }', {
      id: `stop-${index}`,
    }),
  );
  const settled = Promise.allSettled(emissions);
  await emissions[0];
  await stopping[Symbol.asyncDispose]();
  expect(await closed).toBe(1001);
  await ended;
  idle.destroy();
  for (const response of await settled) {
    if (response.status === 'fulfilled') expect(response.value.data.emitEvent.status).toBe('CREATED');
  }
});

interface Opening {
  readonly origin?: string;
  readonly path?: string;
  readonly protocols?: string[];
}

function opened({ origin, path = '/graphql', protocols = ['graphql-transport-ws'] }: Opening): Promise<number | 'open'> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}${path}`, protocols, origin === undefined ? {} : { origin });
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', () => undefined);
    socket.on('open', () => {
      socket.close();
      resolve('open');
    });
  });
}
