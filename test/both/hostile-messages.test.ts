import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRaw, type RawSocket } from '../support/raw-socket.ts';
import { overHttp, overWebSocket, type Asking } from '../support/transports.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;
let raw: RawSocket;
const doors: Record<string, Asking> = {};
beforeAll(async () => {
  world = await startWorld();
  raw = await openRaw(world.tidings.url);
  doors['HTTP'] = overHttp(world.tidings.url);
  doors['WebSocket'] = overWebSocket(raw);
});
afterAll(async () => {
  raw[Symbol.dispose]();
  await world[Symbol.asyncDispose]();
});

const emission =
  'mutation ($input: EventInput!) { emitEvent(input: $input) { status event { id payload resource { labels } } userErrors { code field } } }';
const event = (more: object): object => ({ input: { event: 'a', resource: { id: 'r' }, ...more } });
const bomb = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

describe.each(['HTTP', 'WebSocket'])('over %s', (door) => {
  const tell = async (more: object): Promise<any> => (await doors[door]!({ query: emission, variables: event(more) })).data?.emitEvent;

  test.each<[string, object, string]>([
    ['U+0000 in a payload', { payload: { a: 'x\u0000' } }, 'INVALID'],
    ['U+0000 in a key', { payload: { 'x\u0000': 1 } }, 'INVALID'],
    ['U+0000 in an id', { id: '\u0000' }, 'INVALID'],
    ['a lone surrogate in a payload', { payload: { a: '\ud800' } }, 'INVALID'],
    ['a lone surrogate in a name', { event: 'a\udfff' }, 'INVALID'],
    ['a payload of 101 levels', { payload: { a: bomb(100) } }, 'TOO_LARGE|INVALID|TOO_MANY'],
    ['a payload of 3,000 levels', { payload: { a: bomb(3000) } }, 'TOO_LARGE|INVALID|TOO_MANY'],
    ['an id of a million characters', { id: 'i'.repeat(1e6) }, 'TOO_LONG'],
  ])('%s is refused by its path', async (_what, more, code) => {
    const { status, userErrors } = await tell(more);
    expect(status).toBe('REJECTED');
    expect(userErrors[0].code).toMatch(new RegExp(`^(${code})$`));
  });

  test('keys such as __proto__ are plain keys, and change nothing', async () => {
    const payload = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"x","hasOwnProperty":null}',
    );
    const labels = JSON.parse('{"__proto__":"polluted","constructor":"c"}');
    const told = await tell({ id: `proto ${door}`, payload, resource: { id: 'r', labels } });
    expect(told.status).toBe('CREATED');
    expect(JSON.stringify(told.event.payload)).toContain('"__proto__":{"polluted":1}');
    expect(JSON.stringify(told.event.resource.labels)).toContain('"__proto__":"polluted"');
    expect(({} as any).polluted).toBeUndefined();
  });

  test.each<[string, object]>([
    ['variables of 3,000 levels', { f: bomb(3000) }],
    ['a filter within itself 3,000 times', { f: Array.from({ length: 3000 }).reduce<object>((within) => ({ not: within }), {}) }],
    ['__proto__ as a field of a filter', { f: JSON.parse('{"__proto__":{"in":["a"]}}') }],
    ['a glob that would take a backtracking matcher for ever', { f: { event: { like: [`${'*a'.repeat(500)}b`] } } }],
    ['a glob of what is special elsewhere', { f: { event: { like: ['(a+)+$', '[[[', '\\', '%_'] } } }],
    ['U+0000 in a filter', { f: { event: { in: ['\u0000'] }, text: '\u0000 \ud800' } }],
    ['a cursor of rubbish', { after: '\u0000../../'.repeat(1000) }],
  ])('%s is refused or answered', async (_what, variables) => {
    const query = 'query ($f: EventFilter, $after: Cursor) { events(filter: $f, after: $after) { nodes { id } } }';
    const { error, data } = await doors[door]!({ query, variables });
    expect(error?.extensions?.code).not.toBe('INTERNAL_SERVER_ERROR');
    expect(error !== undefined || data.events.nodes.length >= 0).toBe(true);
    expect((await doors[door]!({ query: '{ head }' })).error).toBeUndefined();
  });
});

test('a JSON depth bomb as a body or a frame is refused', async () => {
  const body = `{"query":"{ head }","variables":${'['.repeat(1e6)}${']'.repeat(1e6)}}`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${world.tidings.url}/graphql`, { method: 'POST', headers, body });
  expect(response.status).toBeLessThan(500);
  using own = await openRaw(world.tidings.url);
  const closed = new Promise((resolve) => own.socket.once('close', resolve));
  own.socket.send(`{"id":"a","type":"subscribe","payload":${body}}`);
  own.socket.send('{"type":"nothing"}');
  expect(await closed).toBe(4400);
  expect((await doors['HTTP']!({ query: '{ head }' })).error).toBeUndefined();
});

test.each(['0', 'i'.repeat(100), 'i'.repeat(1e5), '__proto__', 'constructor', '\u0000"\u2028'])(
  'an operation may be called %j',
  async (id) => {
    using own = await openRaw(world.tidings.url);
    const answered = new Promise<any>((resolve) => own.socket.on('message', (data: Buffer) => resolve(JSON.parse(data.toString()))));
    const closed = new Promise<number>((resolve) => own.socket.once('close', resolve));
    own.send({ id, type: 'subscribe', payload: { query: '{ head }' } });
    const first = await Promise.race([answered, closed]);
    expect(first === 4409 || first.id === id).toBe(true);
    // The same id twice at once closes the socket, however long it is.
    using twice = await openRaw(world.tidings.url);
    const ended = new Promise((resolve) => twice.socket.once('close', resolve));
    for (let n = 0; n < 2; n += 1) twice.send({ id, type: 'subscribe', payload: { query: 'subscription { events { id } }' } });
    expect(await ended).toBe(4409);
  },
);

test.each(['next', 'error', 'connection_ack'])(
  'what only a server may say, %s, closes the socket as the client’s mistake',
  async (type) => {
    using own = await openRaw(world.tidings.url);
    const closed = new Promise((resolve) => own.socket.once('close', resolve));
    own.send({ id: 'a', type, payload: type === 'error' ? [{ message: 'x' }] : { data: null } });
    expect(await closed).toBe(4400);
  },
);

test('variables in the address that are no JSON are the client’s mistake', async () => {
  for (const variables of ['[', '{', 'nonsense', '{"a":', '%00']) {
    const response = await fetch(`${world.tidings.url}/graphql?query={head}&variables=${encodeURIComponent(variables)}`);
    expect([response.status, ((await response.json()) as any).errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
  }
});

test.each([
  'GET /graphql?query={head} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'GET http://evil.example/graphql HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'GET /%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'GET //graphql HTTP/1.1\r\nHost: localhost\r\n\r\n',
  `GET /${'a'.repeat(30_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: localhost\r\n${'x-a: b\r\n'.repeat(3000)}\r\n`,
  'GET / HTTP/1.1\r\nHost: localhost\r\nx: a\0b\r\n\r\n',
  'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n',
  'GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  'CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
])('the server answers %j, and lives on', async (text) => {
  const { port } = new URL(world.tidings.url);
  const got = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.end(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
  expect(got).not.toMatch(/^HTTP\/1\.1 (5|101)|root:/);
  expect((await fetch(`${world.tidings.url}/readyz`)).status).toBe(200);
});
