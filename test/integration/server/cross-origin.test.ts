import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { adminKey } from '../../support/keys.ts';
import { openRaw } from '../../support/protocols/raw-socket.ts';
import { overWebSocket } from '../../support/transports.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const friend = 'https://feed.example.com';
const app = 'capacitor://localhost';
let server: TestServer;
let url: string;
let own: string;
beforeAll(async () => {
  server = await startTestServer({ TIDINGS_ALLOWED_ORIGINS: `${friend},${app},http://127.0.0.1:1` });
  ({ url } = server.tidings);
  own = new URL(url).host;
});
afterAll(() => server[Symbol.asyncDispose]());

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends headers that fetch does not allow, and resolves with the response. */
function send(to: string, { method = 'POST', path = '/graphql', headers = {}, body = '' }: Sent) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const sentRequest = request(`${to}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sentRequest.on('error', reject);
    sentRequest.end(body);
  });
}

/** Whether a WebSocket opens, or the status of its rejection. */
function opened(to: string, headers: Readonly<Record<string, string>>): Promise<number | 'open'> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${to.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', () => undefined);
    socket.on('open', () => {
      socket.close();
      resolve('open');
    });
  });
}

const json = { 'content-type': 'application/json' };
const emission = (id: string): string => `mutation { emitEvent(input: { id: "${id}", event: "a", resource: { id: "r" } }) { status } }`;
const document = (id: string): string =>
  JSON.stringify({ id, occurred: '2026-01-01T00:00:00Z', event: 'a', resource: { 'prefect.resource.id': 'r' } });
const isStored = async (id: string): Promise<boolean> =>
  (await server.data('query ($id: ID!) { event(id: $id) { id } }', { id })).event !== null;

const foreign = [
  'https://elsewhere.example',
  'null',
  'file://',
  'http://127.0.0.1',
  'http://localhost:9',
  `${friend}:444`,
  `${friend}.evil`,
  'garbage',
];

describe('a page of another origin', () => {
  test.each(foreign)('%s gets no response from any endpoint, and opens no socket', async (origin) => {
    const id = `from ${origin}`;
    const headers = { ...json, origin };
    for (const sent of [
      { headers, body: JSON.stringify({ query: emission(id) }) },
      { headers, path: '/api/events', body: document(id) },
      { headers, method: 'GET', path: '/graphql?query={head}' },
      { headers: { ...headers, 'access-control-request-method': 'POST' }, method: 'OPTIONS' },
      { headers, method: 'GET', path: '/metrics' },
    ]) {
      const { status, headers: got } = await send(url, sent);
      expect([status, got['access-control-allow-origin']]).toEqual([403, undefined]);
    }
    expect(await isStored(id)).toBe(false);
    expect(await opened(url, { origin })).toBe(403);
  });

  test.each([
    ['application/x-www-form-urlencoded', (query: string) => new URLSearchParams({ query }).toString()],
    ['text/plain', (query: string) => JSON.stringify({ query })],
    ['text/plain;application/json', (query: string) => JSON.stringify({ query })],
    ['multipart/form-data; boundary=x', (query: string) => multipart({ query })],
    ['multipart/form-data; boundary=x', (query: string) => multipart({ operations: JSON.stringify({ query }), map: '{}' })],
    ['', (query: string) => JSON.stringify({ query })],
  ])('that sends %s, as a form can, executes nothing, also without an Origin', async (type, form) => {
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
    const id = `form ${type}`;
    expect((await send(url, { headers, body: form(emission(id)) })).status).toBe(415);
    expect((await send(url, { headers, path: '/api/events', body: document(id) })).status).toBe(415);
    expect(await isStored(id)).toBe(false);
  });

  test('gets no response to an image or script either, but a link can be followed', async () => {
    const getHead = (headers: Record<string, string>) => send(url, { method: 'GET', path: '/graphql?query={head}', headers });
    for (const site of ['cross-site', 'same-site']) {
      expect((await getHead({ 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' })).status).toBe(403);
      expect((await getHead({ 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' })).status).toBe(200);
    }
    expect((await getHead({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).status).toBe(200);
  });
});

test('every route answers preflights of an allowed origin, and lets its pages read the response', async () => {
  for (const path of ['/graphql', '/api/events', '/cloudevents', '/api/events/filter', '/metrics', '/elsewhere']) {
    const headers = { origin: app, 'access-control-request-method': 'POST', 'access-control-request-headers': 'traceparent' };
    const preflight = await send(url, { method: 'OPTIONS', path, headers });
    expect([preflight.status, preflight.headers['access-control-allow-headers']], path).toEqual([204, 'traceparent']);
    const { headers: got } = await send(url, { path, headers: { ...json, origin: app, traceparent: '00-1-1-00' }, body: '{}' });
    expect(got, path).toMatchObject({ 'access-control-allow-origin': app, 'access-control-expose-headers': 'retry-after, x-request-id' });
    expect(got['vary'], path).toMatch(/^origin(, |$)/);
  }
  expect(await opened(url, { origin: app })).toBe('open');
  for (const origin of ['capacitor://localhost.evil', 'https://evil.example']) expect(await opened(url, { origin })).toBe(403);
});

test('pages of an allowed origin, and of the own one, can do everything', async () => {
  for (const origin of [friend, url]) {
    expect(await opened(url, { origin })).toBe('open');
    const { status, headers } = await send(url, { headers: { ...json, origin }, body: JSON.stringify({ query: emission(origin) }) });
    expect([status, headers['access-control-allow-origin']]).toEqual([200, origin === friend ? friend : undefined]);
    expect(await isStored(origin)).toBe(true);
  }
  const sentRequest = {
    origin: friend,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,authorization',
  };
  await using closed = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey, TIDINGS_ALLOWED_ORIGINS: friend });
  for (const to of [url, closed.tidings.url]) {
    const { status, headers } = await send(to, { method: 'OPTIONS', headers: sentRequest });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': friend,
      'access-control-allow-headers': 'content-type,authorization',
      vary: 'origin, access-control-request-headers',
    });
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  }
});

describe('a server without keys', () => {
  test.each([
    'evil.example',
    'evil.example:4000',
    '192.168.0.7',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '1.127.0.0.1',
    '[::2]',
  ])('rejects requests and sockets with the host %s', async (host) => {
    for (const headers of [{ host }, { host, origin: `http://${host}` }]) {
      for (const path of ['/graphql?query={head}', '/api/events', '/metrics', '/']) {
        expect((await send(url, { method: 'GET', path, headers })).status, path).toBe(403);
      }
      expect(await opened(url, headers)).toBe(403);
    }
  });

  test.each(['localhost', 'LOCALHOST:4000', '127.0.0.1', '127.9.9.9:1', '[::1]:4000', 'tidings.localhost', 'feed.example.com'])(
    'accepts the host %s',
    async (host) => {
      expect((await send(url, { method: 'GET', path: '/graphql?query={head}', headers: { host } })).status).toBe(200);
      expect(await opened(url, { host })).toBe('open');
    },
  );
});

test('a server with keys accepts any host', async () => {
  await using closed = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const headers = { host: 'events.example.com', authorization: `Bearer ${adminKey}` };
  expect((await send(closed.tidings.url, { method: 'GET', path: '/graphql?query={head}', headers })).status).toBe(200);
  expect(await opened(closed.tidings.url, { ...headers, origin: 'https://events.example.com' })).toBe('open');
});

describe('a mutation is rejected', () => {
  const query = encodeURIComponent(emission('by-get'));
  test.each([
    ['by GET', { method: 'GET', path: `/graphql?query=${query}` }, 405],
    ['by GET for a stream', { method: 'GET', path: `/graphql?query=${query}`, headers: { accept: 'text/event-stream' } }, 405],
    [
      'by GET with a name',
      {
        method: 'GET',
        path: `/graphql?operationName=B&query=${encodeURIComponent('query A { head } ')}${query.replace('mutation', 'mutation%20B')}`,
      },
      405,
    ],
    ['by HEAD', { method: 'HEAD', path: `/graphql?query=${query}` }, 405],
    ['by PUT', { method: 'PUT', headers: json, body: JSON.stringify({ query: emission('by-get') }) }, 405],
    ['in an array', { headers: json, body: JSON.stringify([{ query: emission('by-get') }]) }, 400],
  ] as [string, Sent, number][])('%s', async (_method, sent, status) => {
    expect((await send(url, sent)).status).toBe(status);
    expect(await isStored('by-get')).toBe(false);
  });

  test('in an array over WebSocket', async () => {
    using raw = await openRaw(url);
    raw.socket.send(JSON.stringify([{ id: 'a', type: 'subscribe', payload: { query: emission('in-array') } }]));
    const code = await new Promise((resolve) => raw.socket.once('close', resolve));
    expect(code).toBe(4400);
    using other = await openRaw(url);
    other.send({ id: 'b', type: 'subscribe', payload: [{ query: emission('in-array') }] });
    await other.settled();
    expect(other.received.get('error BAD_USER_INPUT')).toBe(1);
    using valid = await openRaw(url);
    expect((await overWebSocket(valid)({ query: '{ head }' })).error).toBeUndefined();
    expect(await isStored('in-array')).toBe(false);
  });
});

function multipart(fields: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields).map(([name, value]) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
  return `${parts.join('')}--x--\r\n`;
}

test('the own origin has a host and a port', () => {
  expect(own).toMatch(/^127\.0\.0\.1:\d+$/);
});
