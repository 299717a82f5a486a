import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { overWebSocket } from '../support/transports.ts';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { newDatabase } from '../support/test-server.ts';

// The worst requests of each kind that were found, sent to a server in its own process. Its own
// metric tells how long each of them kept everything else waiting. The bound is far above what a
// quiet machine shows, which is printed, and far below the seconds that these requests once took.
const maxDelaySeconds = 2;

let database: Awaited<ReturnType<typeof newDatabase>>;
let server: ServerProcess;
beforeAll(async () => {
  database = await newDatabase();
  server = await startProcess({ ...database.environment, TIDINGS_INTROSPECTION: 'off' });
});
afterAll(async () => {
  server.child.kill('SIGKILL');
  await once(server.child, 'exit');
  await database[Symbol.asyncDispose]();
});

const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
const filterQuery = 'query ($filter: EventFilter!) { events(filter: $filter) { nodes { id } } }';
const explainQuery = 'query ($filter: EventFilter!) { explainFilter(filter: $filter) { description indexConditions estimate { count } } }';
const emission = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input, onError: SKIP_REJECTED) { created rejected } }';

const filters: Record<string, object> = {
  'a million empty objects': { or: many(1_000_000, () => ({})) },
  'payload paths of 240 steps': { or: many(120, (n) => ({ payload: [{ path: `${'a.'.repeat(240)}b${n}`, eq: n }] })) },
  'payload paths of empty keys': { or: many(120, (n) => ({ payload: [{ path: `${'"".'.repeat(200)}b${n}`, gt: n }] })) },
  'eight megabytes of prefixes': {
    or: many(9, (n) => ({ anyResource: [{ id: { startsWith: many(1000, (m) => 'x'.repeat(900) + n + m) } }] })),
  },
  'as many prefixes as are accepted': { anyResource: [{ id: { startsWith: many(1000, (m) => 'x'.repeat(950) + m) } }] },
  'values of labels': { or: many(9, (n) => ({ resource: { labels: [{ key: `k${n}`, in: many(100, (m) => 'v'.repeat(9000) + m) }] } })) },
  'values of a payload': { payload: [{ path: 'a', in: many(1000, (m) => ({ a: { b: [m, 'x'.repeat(900)] } })) }] },
  'lists within lists': { or: many(9, (n) => ({ payload: [{ path: `a${'.*'.repeat(8)}`, eq: n }] })) },
  'words to search': {
    or: many(160, (n) => ({
      text: many(50, (m) => `${n}${m}`)
        .join(' ')
        .slice(0, 200),
    })),
  },
};
const badEvent = { id: 1, event: 2, resource: { id: 3, labels: { a: 1, b: 2 } }, related: [{ id: 1, role: 2 }], payload: 3, occurred: 4 };

const requests: Record<string, { readonly path?: string; readonly type?: string; readonly body: string }> = {
  'a value full of suggestions': {
    body: JSON.stringify({
      query: 'query ($order: EventOrder) { events(order: $order) { nodes { id } } }',
      variables: { order: ' Did you mean '.repeat(16_000) },
    }),
  },
  'unused variables': { body: JSON.stringify({ query: '{ head }', variables: { unused: many(4_000_000, () => ({})) } }) },
  'an emission of invalid events': { body: JSON.stringify({ query: emission, variables: { input: many(1000, () => badEvent) } }) },
  'an emission of large events': {
    body: JSON.stringify({
      query: emission,
      variables: {
        input: many(1000, (n) => ({ id: `large-${n}`, event: 'a', resource: { id: 'r' }, payload: { text: 'x'.repeat(14_000) } })),
      },
    }),
  },
  'documents that are all invalid': { path: '/api/events', body: JSON.stringify(many(50_000, () => badEvent)) },
  'empty documents': { path: '/api/events', body: JSON.stringify(many(50_000, () => ({}))) },
  'lines that are all invalid': {
    path: '/api/events?on_error=skip',
    type: 'application/x-ndjson',
    body: '{"id":1,"a":[],"b":{}}\n'.repeat(50_000),
  },
  'nested lists': { path: '/api/events', body: '['.repeat(8_000_000) },
  ...Object.fromEntries(
    Object.entries(filters).flatMap(([name, filter]) => [
      [name, { body: JSON.stringify({ query: filterQuery, variables: { filter } }) }],
      [`${name}, explained`, { body: JSON.stringify({ query: explainQuery, variables: { filter } }) }],
    ]),
  ),
};

test.each(Object.entries(requests))('%s', async (name, { path = '/graphql', type = 'application/json', body }) => {
  await maxDelay();
  const started = performance.now();
  const response = await fetch(`${server.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
  const bytes = (await response.arrayBuffer()).byteLength;
  const took = performance.now() - started;
  const delay = await maxDelay();
  console.log(
    `${name}: ${response.status}, ${bytes} bytes after ${took.toFixed(0)} ms, the event loop waited ${(delay * 1000).toFixed(0)} ms`,
  );
  expect(delay).toBeLessThan(maxDelaySeconds);
});

test.each(Object.entries(filters))('%s, over WebSocket as a subscription', async (name, filter) => {
  using raw = await openRaw(server.url);
  await maxDelay();
  const query = 'subscription ($filter: EventFilter!) { eventStream(filter: $filter) { __typename } }';
  await overWebSocket(raw)({ query, variables: { filter } });
  const delay = await maxDelay();
  console.log(`${name}, subscribed: the event loop waited ${(delay * 1000).toFixed(0)} ms`);
  expect(delay).toBeLessThan(maxDelaySeconds);
});

/** The longest delay of the server's event loop since the last call, in seconds. */
async function maxDelay(): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(metrics)?.[1]);
}
