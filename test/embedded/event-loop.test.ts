import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { overWebSocket, type Request } from '../support/transports.ts';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { newDatabase } from '../support/test-server.ts';

// The worst requests of each kind that were found, sent to a server in its own process. Its own
// metric tells how long each of them kept everything else waiting, which is printed. The bound is
// above what they take on a busy machine, and below what they took before they were bounded or
// handled in slices. A request that blocks the event loop does so each time, and other programs do
// not: so the least of `maxTries` tries counts, and further ones follow only one above the bound.
const maxDelaySeconds = 0.2;
const maxTries = 4;

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
/** A document that is an event. */
const document = (n: number, payload: object = { n }) => ({
  id: `document-${n}`,
  occurred: '2026-11-01T00:00:00Z',
  event: 'a',
  resource: { 'prefect.resource.id': 'r' },
  payload,
});
const cloudEvent = (n: number) => ({ specversion: '1.0', id: `${n}`, source: 's', type: 't', time: '2026-11-01T00:00:00Z', data: { n } });
const badEvent = { id: 1, event: 2, resource: { id: 3, labels: { a: 1, b: 2 } }, related: [{ id: 1, role: 2 }], payload: 3, occurred: 4 };

/** Operations, which are sent over HTTP and over WebSocket. */
const operations: Record<string, Request> = {
  'a value full of suggestions': {
    query: 'query ($order: EventOrder) { events(order: $order) { nodes { id } } }',
    variables: { order: ' Did you mean '.repeat(16_000) },
  },
  'a value of 12 MB': { query: 'query ($n: Int) { events(first: $n) { nodes { id } } }', variables: { n: 'x'.repeat(12_000_000) } },
  'a list of wrong values': { query: filterQuery, variables: { filter: { id: { in: many(190_000, () => []) } } } },
  'unused variables': { query: '{ head }', variables: { unused: many(4_000_000, () => ({})) } },
  'as many unused objects as are accepted': { query: '{ head }', variables: { unused: many(900_000, () => ({})) } },
  'a block string of 12 MB': { query: `{ event(id: """${' x\n'.repeat(4_000_000)}""") { id } }` },
  'a comment of 12 MB': { query: `#${'x'.repeat(12_000_000)}\n{ head }` },
  'a name of 10 MB': { query: `{ ${'event'.repeat(2_000_000)} }` },
  'the longest document': { query: `{ event(id: """${' x\n'.repeat(330_000)}""") { id } }` },
  'unknown fields': { query: `{ ${many(4900, (n) => `head${n}`).join(' ')} }` },
  'unknown input fields': { query: `{ events(filter: { ${many(3300, (n) => `evnt${n}: 1`).join(' ')} }) { nodes { id } } }` },
  'conflicting fields': { query: `{ ${many(49, (n) => `events(first: ${n}) { nodes { ${'id '.repeat(8)} } }`).join(' ')} }` },
  'a chain of fragments': {
    query: `{ ...f0 } ${many(240, (n) => `fragment f${n} on Query { ...f${n + 1} }`).join(' ')} fragment f240 on Query { head }`,
  },
  'an emission of invalid events': { query: emission, variables: { input: many(1000, () => badEvent) } },
  'an emission of large events': {
    query: emission,
    variables: {
      input: many(1000, (n) => ({ id: `large-${n}`, event: 'a', resource: { id: 'r' }, payload: { text: 'x'.repeat(14_000) } })),
    },
  },
  ...Object.fromEntries(
    Object.entries(filters).flatMap(([name, filter]) => [
      [name, { query: filterQuery, variables: { filter } }],
      [`${name}, explained`, { query: explainQuery, variables: { filter } }],
    ]),
  ),
};

const requests: Record<string, { readonly path?: string; readonly type?: string; readonly body: string }> = {
  'documents that are events': { path: '/api/events', body: JSON.stringify(many(50_000, (n) => document(n))) },
  'one document of 12 MB': { path: '/api/events', body: JSON.stringify(document(0, { text: 'x'.repeat(12_000_000) })) },
  'one document of 1,900,000 values': { path: '/api/events', body: JSON.stringify(document(0, { list: many(1_900_000, () => 1) })) },
  'one document of exact numbers': {
    path: '/api/events',
    body: `{"id":"e","payload":{"list":[${'9007199254740993,'.repeat(600_000)}0]}}`,
  },
  'one line of exact numbers': {
    path: '/api/events',
    type: 'application/x-ndjson',
    body: `{"id":"e","payload":{"list":[${'9007199254740993,'.repeat(600_000)}0]}}\n{}`,
  },
  'a sequence of invalid documents': { path: '/api/events', type: 'application/json-seq', body: '\x1e{"id":1}\n'.repeat(50_000) },
  'blank lines': { path: '/api/events', type: 'application/x-ndjson', body: '\n'.repeat(12_000_000) },
  CloudEvents: {
    path: '/cloudevents',
    type: 'application/cloudevents-batch+json',
    body: JSON.stringify(many(50_000, cloudEvent)),
  },
  'a CloudEvent with many attributes': {
    path: '/cloudevents',
    type: 'application/cloudevents+json',
    body: JSON.stringify({ ...cloudEvent(0), ...Object.fromEntries(many(200_000, (n) => [`K-${n}`, []])) }),
  },
  'documents that are all invalid': { path: '/api/events', body: JSON.stringify(many(50_000, () => badEvent)) },
  'empty documents': { path: '/api/events', body: JSON.stringify(many(50_000, () => ({}))) },
  'lines that are all invalid': {
    path: '/api/events?on_error=skip',
    type: 'application/x-ndjson',
    body: '{"id":1,"a":[],"b":{}}\n'.repeat(50_000),
  },
  'nested lists': { path: '/api/events', body: '['.repeat(8_000_000) },
  ...Object.fromEntries(Object.entries(operations).map(([name, operation]) => [name, { body: JSON.stringify(operation) }])),
};

test.each(Object.entries(requests))('%s', async (name, { path = '/graphql', type = 'application/json', body }) => {
  await expectShortDelay(name, async () => {
    const response = await fetch(`${server.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
    return `${response.status}, ${(await response.arrayBuffer()).byteLength} bytes`;
  });
});

test.each(Object.entries(operations))('%s, over WebSocket', async (name, operation) => {
  using raw = await openRaw(server.url);
  await expectShortDelay(`${name}, over WebSocket`, async () => {
    const { error } = await overWebSocket(raw)(operation);
    return error?.message.slice(0, 60) ?? 'done';
  });
});

test.each(Object.entries(filters))('%s, over WebSocket as a subscription', async (name, filter) => {
  using raw = await openRaw(server.url);
  const query = 'subscription ($filter: EventFilter!) { eventStream(filter: $filter) { __typename } }';
  await expectShortDelay(`${name}, subscribed`, async () => {
    const { error } = await overWebSocket(raw)({ query, variables: { filter } });
    return error?.message.slice(0, 60) ?? 'subscribed';
  });
});

/** Sends a request, and again while the event loop of the server waits for too long. */
async function expectShortDelay(name: string, send: () => Promise<string>): Promise<void> {
  let least = Infinity;
  for (let tries = 0; tries < maxTries && least >= maxDelaySeconds; tries += 1) {
    await maxDelay();
    const result = await send();
    const delay = await maxDelay();
    console.log(`${name}: ${result}; the event loop waited ${(delay * 1000).toFixed(0)} ms`);
    least = Math.min(least, delay);
  }
  expect(least).toBeLessThan(maxDelaySeconds);
}

/** The longest delay of the server's event loop since the last call, in seconds. */
async function maxDelay(): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(metrics)?.[1]);
}
