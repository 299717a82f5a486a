import { once } from 'node:events';
import { connect } from 'node:net';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { randomOf, type Random } from '../oracle/random.ts';
import { startWatched, type WatchedServer } from '../support/server-memory.ts';
import { newDatabase } from '../support/world.ts';

// Sound messages, broken at random, by HTTP and WebSocket, to a server in a process of its own. By hand for longer:
// TIDINGS_FUZZ_SECONDS=120 TIDINGS_FUZZ_SEED=7 npx vitest run test/both/fuzz.test.ts
const seconds = Number(process.env['TIDINGS_FUZZ_SECONDS'] ?? 8);
const seed = Number(process.env['TIDINGS_FUZZ_SEED'] ?? Date.now() % 1e9);

const queries = [
  '{ head service { version limits { queryCost } } }',
  'query ($f: EventFilter, $n: Int = 5) { events(filter: $f, first: $n) { nodes { id event payload } totalCount { count } } }',
  'mutation ($i: [EventInput!]!) { emitEvents(input: $i, onError: SKIP_REJECTED) { created results { status userErrors { code message } } } }',
  'subscription ($f: EventFilter, $after: Cursor) { events(filter: $f, after: $after) { id } }',
  'subscription { eventStream(batchSize: 3) { __typename ... on EventBatch { events { id } } } }',
  'query A { ...F } query B { head } fragment F on Query { event(id: "x") { chain { descendants { id } } } }',
];
const variables = [
  {},
  { f: { event: { startsWith: ['a'] }, resource: { labels: [{ key: 'k', like: ['*a?'] }] } }, n: 3 },
  {
    i: [{ id: 'a', event: 'a.b', resource: { id: 'r', labels: { k: 'v' } }, related: [{ id: 's', role: 't' }], payload: { a: [1, null] } }],
  },
  { f: { payload: [{ path: 'a."b".0', gt: 1 }], text: 'a -b "c d"' }, after: 'x' },
];
const nasty: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  '',
  '\u0000',
  '\ud800',
  '__proto__',
  'constructor',
  '*'.repeat(500),
  '../../etc/passwd',
  '\u202e',
  'a'.repeat(70_000),
  [],
  {},
  [[[[[[]]]]]],
  JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
];

/** The same message with something else somewhere in it. */
function broken(value: unknown, random: Random): unknown {
  if (random.chance(0.15)) return random.pick(nasty);
  if (Array.isArray(value)) return value.flatMap((each) => (random.chance(0.1) ? [] : [broken(each, random)]));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [
    random.chance(0.03) ? String(random.pick(nasty)).slice(0, 300) : key,
    random.chance(0.5) ? broken(each, random) : each,
  ]);
  return Object.fromEntries(entries);
}

/** The same text with some characters taken away, doubled or replaced. */
function torn(text: string, random: Random): string {
  if (random.chance(0.4)) return text;
  const at = random.between(0, text.length);
  const length = random.between(0, 7);
  const put = random.pick([
    '',
    text.slice(at, at + 30),
    '{',
    '}',
    '[[',
    '"',
    '\\u0000',
    '@skip(if: true)',
    '...F',
    '\u0000',
    '__schema',
    '$f',
    '1e999',
  ]);
  return text.slice(0, at) + put + text.slice(at + length);
}

const payload = (random: Random): unknown =>
  broken(
    {
      query: torn(random.pick(queries), random),
      variables: broken(random.pick(variables), random),
      operationName: random.pick([undefined, 'A', 'B']),
    },
    random,
  );

async function overHttp(url: string, random: Random): Promise<void> {
  const path = random.pick([
    '/graphql',
    '/graphql',
    '/api/events',
    '/graphql/',
    '/%00',
    '/graphql?query=%7Bhead%7D&variables=%5B',
    '//graphql',
    '/..%2fgraphql',
  ]);
  const method = random.pick(['POST', 'POST', 'POST', 'GET', 'PUT', 'OPTIONS', 'DELETE']);
  const type = random.pick([
    'application/json',
    'application/json',
    'application/graphql',
    'application/x-ndjson',
    'text/plain',
    'multipart/form-data; boundary=',
  ]);
  const accept = random.pick(['application/json', '*/*', 'text/event-stream', 'text/html', 'application/graphql-response+json;q=x']);
  const body = method === 'POST' || method === 'PUT' ? torn(JSON.stringify(payload(random)) ?? '', random) : null;
  const patience = AbortSignal.timeout(accept === 'text/event-stream' ? 300 : 20_000);
  try {
    const response = await fetch(url + path, { method, headers: { 'content-type': type, accept }, body, signal: patience });
    const text = await response.text();
    expect(response.status, `${method} ${path} ${type} ${accept} ${body}: ${text}`).not.toBe(500);
    if (!text.includes('<!doctype html>')) expect(text).not.toMatch(/node_modules|INTERNAL_SERVER_ERROR/); // GraphiQL holds the one word
  } catch (error) {
    if (!(error instanceof DOMException) || accept !== 'text/event-stream') throw error; // a stream that went on
  }
}

async function overRawHttp(url: string, random: Random): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.setTimeout(100, () => socket.destroy());
  const sound = `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"query":"{ head }"}`;
  socket.end(
    random.chance(0.5)
      ? torn(torn(sound, random), random)
      : sound.replace(
          'Content-Length: 20',
          random.pick([
            'Content-Length: -1',
            'Transfer-Encoding: chunked',
            'Content-Length: 99',
            'Upgrade: websocket',
            'Expect: 100-continue',
          ]),
        ),
  );
  socket.resume();
  await once(socket, 'close');
}

async function overWebSocket(url: string, random: Random): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const told: string[] = [];
  socket.on('message', (data: Buffer) => told.push(data.toString()));
  socket.once('open', () => {
    if (random.chance(0.95)) socket.send('{"type":"connection_init"}');
    for (let n = random.between(0, 11); n >= 0; n -= 1) {
      const type = random.pick(['subscribe', 'subscribe', 'subscribe', 'complete', 'ping', 'pong', 'connection_init', 'next', 'nothing']);
      const message = { id: random.pick(['a', 'b', 'c', `${random.between(0, 8)}`, 'i'.repeat(5000)]), type, payload: payload(random) };
      const text = JSON.stringify(random.chance(0.2) ? broken(message, random) : message) ?? '';
      socket.send(random.chance(0.1) ? torn(text, random) : text, { binary: random.chance(0.05) });
    }
    setTimeout(() => (random.chance(0.5) ? socket.close() : socket.terminate()), 60);
  });
  await closed;
  expect(told.filter((text) => /INTERNAL_SERVER_ERROR|node_modules/.test(text))).toEqual([]);
}

/** Until the time is over, four at a time. */
async function bombard({ url, child }: WatchedServer, random: Random, until: number): Promise<number> {
  let sent = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < until) {
      await random.pick([overHttp, overHttp, overWebSocket, overRawHttp])(url, random);
      expect(child.exitCode).toBeNull();
      sent += 1;
    }
  };
  await Promise.all([one(), one(), one(), one()]);
  return sent;
}

test(`mutated messages are refused or answered, and the server lives on (seed ${seed})`, { timeout: seconds * 1000 + 60_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const { environment } = stack.use(await newDatabase());
  const server = stack.use(await startWatched({ ...environment, TIDINGS_LOG_LEVEL: 'error' }));
  const logged: string[] = [];
  server.child.stderr!.on('data', (chunk: Buffer) => logged.push(...chunk.toString().split('\n')));
  const random = randomOf('fuzz', seed);
  await bombard(server, random, performance.now() + seconds * 250);
  const before = await server.memory();
  const sent = await bombard(server, random, performance.now() + seconds * 750);
  expect(sent).toBeGreaterThan(20);
  expect((await server.memory()) - before, 'bytes that memory grew by').toBeLessThan(12 * 2 ** 20);
  expect(logged.filter((line) => line.startsWith('{'))).toEqual([]); // a client can do nothing that is an error of the server's
  expect(await server.metric('tidings_unexpected_errors_total')).toBe(0);
  await expect.poll(() => server.metric('tidings_subscriptions'), { timeout: 20_000 }).toBe(0);
  expect(({} as any).polluted).toBeUndefined();
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});
