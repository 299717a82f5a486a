import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { startInspected, type InspectedServer } from '../support/server-memory.ts';
import { overHttp, overWebSocket, type Transport, type Request } from '../support/transports.ts';
import { newDatabase } from '../support/test-server.ts';

// The database matters little here, so these tests run on one only.
const stack = new AsyncDisposableStack();
let server: InspectedServer;
beforeAll(async () => {
  const { environment } = stack.use(await newDatabase());
  server = stack.use(await startInspected(environment));
});
afterAll(() => stack[Symbol.asyncDispose]());

async function overBothTransports(check: (execute: Transport, transport: string) => Promise<void>): Promise<void> {
  await check(overHttp(server.url), 'HTTP');
  using raw = await openRaw(server.url);
  await check(overWebSocket(raw), 'WebSocket');
}

const levels = (count: number): unknown => Array.from({ length: count }).reduce((within) => [within], 1);
const emission = 'mutation ($input: EventInput!) { emitEvent(input: $input) { status userErrors { code field } event { payload } } }';
const event = (more: object): Request => ({ query: emission, variables: { input: { event: 'a', resource: { id: 'r' }, ...more } } });

describe('values that break careless programs', () => {
  test.each([99, 100, 101, 900])('a payload of %i levels', async (count) => {
    await overBothTransports(async (execute, transport) => {
      const { data } = await execute(event({ payload: { a: levels(count - 1) } }));
      expect(data.emitEvent.status, transport).toBe(count > 100 ? 'REJECTED' : 'CREATED');
    });
  });

  test('keys such as __proto__ are keys', async () => {
    const payload = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1}');
    await overBothTransports(async (execute, transport) => {
      const { data } = await execute(event({ payload }));
      expect(JSON.stringify(data.emitEvent.event.payload), transport).toBe(JSON.stringify(payload));
    });
    expect(({} as any).polluted).toBeUndefined();
  });

  test.each(['a\0b', '\ud800', '\udc00\ud800'])('the text %j is rejected where it would be stored, and never found', async (text) => {
    await overBothTransports(async (execute, transport) => {
      for (const more of [
        { id: text },
        { event: text },
        { resource: { id: text } },
        { payload: { a: [text] } },
        { payload: { [text]: 1 } },
        { follows: text },
      ]) {
        const { data, error } = await execute(event(more));
        expect([error, data?.emitEvent.status, data?.emitEvent.userErrors[0].code], transport).toEqual([undefined, 'REJECTED', 'INVALID']);
      }
      const variables = { text };
      for (const query of [
        'query ($text: ID!) { event(id: $text) { id } }',
        'query ($text: ID!) { resource(id: $text) { id } }',
        'query ($text: ID!) { whyNot(filter: {}, eventId: $text) { matches } }',
      ]) {
        const { data, error } = await execute({ query, variables });
        expect([error, Object.values(data ?? {})], transport).toEqual([undefined, [null]]);
      }
      expect(
        (await execute({ query: 'query ($text: String) { resources(idPrefix: $text) { nodes { id } } }', variables })).data.resources.nodes,
      ).toEqual([]);
      for (const filter of [{ id: [text] }, { event: { startsWith: [text] } }, { text }, { payload: [{ path: 'a', eq: text }] }]) {
        const { error } = await execute({
          query: 'query ($filter: EventFilter) { events(filter: $filter) { head } }',
          variables: { filter },
        });
        expect(error?.extensions.code, transport).toBe('BAD_FILTER');
      }
      const { error } = await execute({ query: 'mutation ($text: ID!) { revokeApiKey(id: $text) { id } }', variables });
      expect(error?.extensions.code, transport).toBe('BAD_USER_INPUT');
    });
  });

  test('globs that look like expensive expressions are globs', async () => {
    const like = ['(a+)+$', '[', '^(?:.*)*$', `${'*a'.repeat(100)}b`, '\\\\?*'];
    await overBothTransports(async (execute, transport) => {
      const filter = { resource: { labels: [{ key: 'k', like }] } };
      const { data } = await execute({
        query: 'query ($filter: EventFilter) { events(filter: $filter) { nodes { id } } }',
        variables: { filter },
      });
      expect(data?.events.nodes, transport).toEqual([]);
    });
  });
});

describe('JSON that is all brackets', () => {
  test.each([
    ['[', 16_000_000],
    ['{"a":', 3_000_000],
    ['[', 1100],
  ])('%s, %i times: rejected before it is parsed', async (bracket, count) => {
    const bombs = [bracket.repeat(count), `{"query":"{ head }","variables":{"a":${bracket.repeat(count - 100)}`];
    const before = await server.memory();
    for (const body of bombs) {
      const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      expect([response.status, ((await response.json()) as any).errors[0].extensions.code]).toEqual([400, 'LIMIT_EXCEEDED']);
      using raw = await openRaw(server.url);
      const closed = once(raw.socket, 'close');
      raw.socket.send(body);
      expect((await closed)[0]).toBe(4400);
    }
    expect((await server.memory()) - before).toBeLessThan(4 * 2 ** 20);
  });

  test('in the parameters of a GET, as is invalid JSON', async () => {
    for (const [text, code] of [
      ['['.repeat(5000), 'LIMIT_EXCEEDED'],
      ['{"a":', 'BAD_USER_INPUT'],
      ['\0', 'BAD_USER_INPUT'],
    ]) {
      for (const name of ['variables', 'extensions']) {
        const response = await fetch(`${server.url}/graphql?${new URLSearchParams({ query: '{ head }', [name]: text! })}`);
        expect([response.status, ((await response.json()) as any).errors[0].extensions.code]).toEqual([400, code]);
      }
    }
  });
});

test('a subscription whose client accepts no stream is rejected, and not left open', async () => {
  for (const accept of ['application/json', '*/*', 'multipart/mixed', 'text/html', 'nonsense']) {
    for (let n = 0; n < 5; n += 1) {
      const headers = { 'content-type': 'application/json', accept };
      const body = JSON.stringify({ query: 'subscription { events { id } }' });
      await (await fetch(`${server.url}/graphql`, { method: 'POST', headers, body })).text();
    }
  }
  expect(await server.metric('tidings_subscriptions')).toBe(0);
});

test('a subscription with a condition on its only field does not affect others on its socket', async () => {
  using raw = await openRaw(server.url);
  const execute = overWebSocket(raw);
  for (const name of ['skip', 'include']) {
    const { error } = await execute({ query: `subscription ($x: Boolean!) { events @${name}(if: $x) { id } }` });
    expect(error).toMatchObject({ message: expect.stringContaining(`@${name}`), extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
  }
  expect((await execute({ query: '{ head }' })).error).toBeUndefined();
});

test('messages that only servers send, and other broken ones, close only their own socket', async () => {
  for (const message of [
    { type: 'next', id: 'a', payload: {} },
    { type: 'connection_ack' },
    { type: 'connection_init' },
    { type: 'error', id: 'a', payload: [{ message: 'x' }] },
    { type: '__proto__' },
    { type: 'subscribe', id: '', payload: { query: '{ head }' } },
  ]) {
    using raw = await openRaw(server.url);
    const closed = once(raw.socket, 'close');
    raw.send(message);
    expect([4400, 4429], JSON.stringify(message)).toContain((await closed)[0]);
  }
  using raw = await openRaw(server.url);
  for (const payload of [{ query: 1 }, [{ query: '{ head }' }]]) raw.send({ type: 'subscribe', id: 'a', payload });
  for (const id of ['__proto__', 'constructor', 'toString', '\0']) {
    raw.send({ id, type: 'subscribe', payload: { query: '{ head }' } });
    raw.send({ id: `${id} again`, type: 'complete' });
  }
  await raw.settled();
});

test.each([
  ['a host of two words', 'GET /graphql HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['a path of invalid UTF-8', 'GET /%00%ff%c0%ae HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a header of 100 KB', `GET /graphql HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
  ['5,000 headers', `GET /graphql HTTP/1.1\r\nHost: localhost\r\n${'a: b\r\n'.repeat(5000)}\r\n`],
  ['two lengths', 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a negative length', 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n'],
  [
    'a chunk of no length',
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  ],
  ['a URL of another server', 'GET http://elsewhere.example/graphql?query={head} HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a proxy’s request', 'CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n'],
  ['another protocol to upgrade to', 'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
  ['an origin that only looks like one', 'GET /graphql HTTP/1.1\r\nHost: localhost\r\nOrigin: http://\xc3\x80\r\n\r\n'],
  [
    'an upgrade for an origin that only looks like one',
    'GET /graphql HTTP/1.1\r\nHost: localhost\r\nOrigin: http://\xc3\x80\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  ],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
])('an invalid request gets an error or no response: %s', async (_what, bytes) => {
  const socket = createConnection(Number(new URL(server.url).port), '127.0.0.1');
  let text = '';
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (text += chunk.toString()));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.end(Buffer.from(bytes, 'latin1'));
  await closed;
  expect(text).toMatch(/^$|^HTTP\/1\.1 4\d\d |\{"errors":\[/);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
});

test('sockets that end half open or within a frame leave nothing behind', async () => {
  for (let n = 0; n < 50; n += 1) {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('error', () => undefined);
    await once(socket, 'open');
    const { _socket: tcp } = socket as unknown as { _socket: Socket };
    if (n % 2 === 0) socket.send('{"type":"connection_init"}');
    tcp.write(Buffer.from([0x81, 0xfe, 0xff]));
    if (n % 3 === 0) tcp.end();
    else tcp.resetAndDestroy();
  }
  await expect.poll(() => server.metric('tidings_websockets'), { timeout: 20_000 }).toBe(0);
});

test('after all of that the server runs, and has logged no bug', async () => {
  expect(server.child.exitCode).toBeNull();
  expect(await server.metric('tidings_unexpected_errors_total')).toBe(0);
});
