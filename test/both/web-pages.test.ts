import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startWorld, type World } from '../support/world.ts';

let world: World;
let keyed: World;
beforeAll(async () => {
  world = await startWorld({ TIDINGS_ALLOWED_ORIGINS: 'https://feed.example.com, http://tidings.internal:4000' });
  keyed = await startWorld({ TIDINGS_ADMIN_KEY: 'a'.repeat(32) });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await keyed[Symbol.asyncDispose]();
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** Also with headers that no program's fetch would send. */
async function send({ method = 'GET', path = '/graphql?query={head}', headers = {}, body }: Sent, to: World = world) {
  const { hostname, port } = new URL(to.tidings.url);
  const sent = request({ method, path, headers, hostname, port });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, headers: response.headers, text };
}

/** The status that an upgrade is refused with, or 101. */
async function upgrade(headers: OutgoingHttpHeaders, to: World = world): Promise<number> {
  const socket = new WebSocket(`${to.tidings.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers: headers as {} });
  socket.on('error', () => undefined);
  const refused = once(socket, 'unexpected-response').then(([, response]) => (response as IncomingMessage).statusCode ?? 0);
  const status = await Promise.race([refused, once(socket, 'open').then(() => 101)]);
  socket.terminate();
  return status;
}

const foreign = 'https://elsewhere.example';
const mutation = (id: string): string => `mutation { emitEvent(input: {id: "${id}", event: "a", resource: {id: "r"}}) { status } }`;
const isStored = async (id: string): Promise<boolean> => (await world.data(`{ event(id: "${id}") { id } }`)).event !== null;

describe('a page of another origin', () => {
  test.each([
    ['a foreign one', foreign],
    ['none that it tells', 'null'],
    ['the same name at another port', 'http://127.0.0.1:1'],
    ['what begins as an allowed one', 'https://feed.example.com.elsewhere.example'],
    ['an allowed one at another port', 'https://feed.example.com:8443'],
    ['an allowed one without encryption', 'http://feed.example.com'],
    ['nonsense', '%%%'],
  ])('may neither ask nor open sockets: %s', async (_what, origin) => {
    const asked = await send({ headers: { origin } });
    expect([asked.status, JSON.parse(asked.text).errors[0].extensions.code]).toEqual([403, 'FORBIDDEN']);
    expect(asked.headers['access-control-allow-origin']).toBeUndefined();
    const preflight = await send({ method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    expect(await upgrade({ origin })).toBe(403);
    const streamed = await send({ headers: { origin, accept: 'text/event-stream' } });
    expect(streamed.status).toBe(403);
  });

  test('may not have anything asked by an image, a script or a frame', async () => {
    for (const site of ['cross-site', 'same-site']) {
      expect((await send({ headers: { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' } })).status).toBe(403);
      expect(await upgrade({ 'sec-fetch-site': site, 'sec-fetch-mode': 'websocket' })).toBe(403);
    }
    const followed = { accept: 'text/html', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await send({ headers: followed })).text).toContain('GraphiQL');
  });

  test.each([
    ['application/x-www-form-urlencoded', new URLSearchParams({ query: mutation('form') }).toString()],
    ['text/plain', JSON.stringify({ query: mutation('form') })],
    ['text/plain; application/json', JSON.stringify({ query: mutation('form') })],
    [
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query: mutation('form') })}\r\n--x--\r\n`,
    ],
    ['application/graphql', mutation('form')],
    ['', JSON.stringify({ query: mutation('form') })],
  ])('cannot send a mutation by a form, which browsers send without asking: %j', async (type, body) => {
    for (const origin of [{}, { origin: foreign }, { origin: world.tidings.url }]) {
      const headers = { ...origin, ...(type !== '' && { 'content-type': type }) };
      const { status, text } = await send({ method: 'POST', path: '/graphql', headers, body });
      expect([403, 415]).toContain(status);
      expect(JSON.parse(text).errors[0].message).toMatch(/application\/json|may not use/);
    }
    expect(await isStored('form')).toBe(false);
  });
});

describe('a page of an allowed origin', () => {
  const origin = 'https://feed.example.com';
  test('may ask, read the answer, listen, and open sockets', async () => {
    const preflight = await send({
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-allow-methods': 'GET, POST',
      vary: 'origin',
    });
    const headers = { origin, 'content-type': 'application/json', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' };
    const asked = await send({ method: 'POST', path: '/graphql', headers, body: JSON.stringify({ query: mutation('allowed') }) });
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([200, origin]);
    expect(await isStored('allowed')).toBe(true);
    expect(await upgrade({ origin })).toBe(101);
  });

  test('may not, on a server that does not list it', async () => {
    expect((await send({ headers: { origin } }, keyed)).status).toBe(403);
    expect(await upgrade({ origin }, keyed)).toBe(403);
  });
});

test('the server’s own pages may ask and open sockets, whatever its name', async () => {
  const { port } = new URL(world.tidings.url);
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'tidings.internal:4000']) {
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    expect((await send({ headers })).status, host).toBe(200);
    expect(await upgrade(headers), host).toBe(101);
  }
});

test.each(['rebound.example', 'rebound.example:4000', 'localhost.example', '127.0.0.1.nip.example', '2130706433.example'])(
  'a name that somebody else lets point to a server without keys is not answered to: %j',
  async (host) => {
    for (const origin of [{}, { origin: `http://${host}` }]) {
      for (const path of ['/graphql?query={head}', '/metrics', '/']) {
        expect((await send({ path, headers: { host, ...origin } })).status, path).toBe(403);
      }
      expect(await upgrade({ host, ...origin })).toBe(403);
    }
  },
);

test('a server with keys has any name', async () => {
  const headers = { host: 'tidings.example', authorization: `Bearer ${'a'.repeat(32)}` };
  expect((await send({ headers }, keyed)).status).toBe(200);
  expect(await upgrade({ ...headers, origin: 'https://tidings.example' }, keyed)).toBe(101);
});

describe('GET changes nothing', () => {
  test.each([{}, { accept: 'text/event-stream' }, { accept: 'application/graphql-response+json' }, { 'content-type': 'application/json' }])(
    'with %j',
    async (headers) => {
      const path = `/graphql?query=${encodeURIComponent(mutation('by-get'))}`;
      expect((await send({ path, headers })).status).toBe(405);
      const both = `/graphql?operationName=M&query=${encodeURIComponent(`query Q { head } ${mutation('by-get').replace('mutation', 'mutation M')}`)}`;
      expect((await send({ path: both, headers })).status).toBe(405);
      expect(await isStored('by-get')).toBe(false);
    },
  );

  test('nor does any other method but POST', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'QUERY']) {
      const headers = { 'content-type': 'application/json' };
      const { status } = await send({ method, path: '/graphql', headers, body: JSON.stringify({ query: mutation('by-other') }) });
      expect([400, 405, 415], method).toContain(status);
    }
    expect(await isStored('by-other')).toBe(false);
  });
});

test('a list of operations in one request is refused', async () => {
  const body = JSON.stringify([{ query: mutation('listed') }, { query: '{ head }' }]);
  const { status } = await send({ method: 'POST', path: '/graphql', headers: { 'content-type': 'application/json' }, body });
  expect(status).toBe(400);
  expect(await isStored('listed')).toBe(false);
});
