import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startProcess, type ServerProcess } from '../../support/process.ts';
import { newDatabase, post } from '../../support/test-server.ts';

// 20 events of 1.3 MB in one chain, in a process with a small heap. A response can have 16 MB.
const eventCount = 20;
const settings = { NODE_OPTIONS: '--max-old-space-size=192', TIDINGS_MAX_RESPONSE_BYTES: '16000000' };
const payloadBytes = 1_300_000;
const idOf = (n: number): string => `e${n}`;

const stack = new AsyncDisposableStack();
let server: ServerProcess;
let head: string;

beforeAll(async () => {
  const { environment } = stack.use(await newDatabase());
  server = await startProcess({ ...environment, ...settings });
  stack.defer(async () => {
    const exit = once(server.child, 'exit');
    server.child.kill('SIGKILL');
    await exit;
  });
  head = (await post(server.url, '{ head }')).data.head;
  for (let from = 0; from < eventCount; from += 10) {
    const input = Array.from({ length: 10 }, (_, n) => inputOf(from + n));
    await post(server.url, 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
  }
}, 60_000);
afterAll(() => stack.disposeAsync());

function inputOf(n: number) {
  const follows = n === 0 ? null : idOf(n - 1);
  return {
    id: idOf(n),
    event: 'acme.measured',
    resource: { id: 'acme.probe' },
    follows,
    payload: { text: String(n).padEnd(payloadBytes, 'x') },
  };
}

async function overSocket(query: string): Promise<any> {
  await using client = Object.assign(createClient({ url: `${server.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket }), {
    [Symbol.asyncDispose]: async () => client.dispose(),
  });
  return (await client.iterate({ query }).next()).value;
}

/** Repeats an operation as long as the server has no memory for its response. */
async function untilServed(execute: () => Promise<any>): Promise<void> {
  for (;;) {
    const { data, errors } = await execute();
    if (errors === undefined) return expect(data.events.nodes).toHaveLength(8);
    expect(errors[0].extensions).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) });
    await new Promise((resolve) => setTimeout(resolve, errors[0].extensions.retryAfterMs));
  }
}

const transports = [
  ['HTTP', (query: string) => post(server.url, query)],
  ['WebSocket', overSocket],
] as const;

const page = (first: number): string => `events(first: ${first}) { nodes { id payload } }`;
const roots = (count: number, field: (n: number) => string): string =>
  `{ ${Array.from({ length: count }, (_, n) => `f${n}: ${field(n)}`).join(' ')} }`;

/** Queries whose response would be larger than the limit. */
const large: Readonly<Record<string, string>> = {
  'one page': `{ ${page(100)} }`,
  '50 equal root fields': roots(50, () => page(100)),
  '50 different root fields': roots(50, (n) => page(100 - n)),
  'pages by a block scan': roots(5, (n) => page(20 - n).replace('first', 'filter: { event: { in: ["acme.measured"] } }, first')),
  'small pages that are large together': roots(50, (n) => `event(id: "${idOf(n)}") { payload }`),
  'a value that is selected several times': `{ events(first: 2) { nodes { ${Array.from({ length: 8 }, (_, n) => `p${n}: payload`).join(' ')} } } }`,
  'one value of each payload': '{ events(first: 20) { nodes { payloadAt(path: "text") } } }',
  'a chain': `{ event(id: "e10") { chain { ancestors { payload } descendants { payload } } } }`,
  'the events of a resource': '{ resource(id: "acme.probe") { events(first: 20) { nodes { payload } } } }',
  'nested followers': '{ events(first: 20) { nodes { followers { nodes { payload } } } } }',
  'nested follows': '{ events(first: 20) { nodes { follows { payload } } } }',
};

for (const [transport, execute] of transports) {
  test(`over ${transport}, a response of more than the limit is LIMIT_EXCEEDED, and the process stays within its memory`, async () => {
    const all = Object.entries(large);
    for (const [name, query] of transport === 'HTTP' ? all : all.slice(1, 3)) {
      const { errors } = await execute(query);
      expect(errors?.[0], name).toMatchObject({ extensions: { code: 'LIMIT_EXCEEDED' } });
      expect(errors?.[0]?.message, name).toContain('TIDINGS_MAX_RESPONSE_BYTES');
    }
    expect((await execute('{ head }')).errors).toBeUndefined();
  }, 60_000);

  test(`over ${transport}, ten clients with large responses at once wait for each other, and each is served, at once or after a retry`, async () => {
    await Promise.all(Array.from({ length: 10 }, () => untilServed(() => execute(`{ ${page(8)} }`))));
  }, 60_000);
}

test('operations that select no payload are as large as what they select', async () => {
  const { data, errors } = await post(
    server.url,
    '{ events(first: 20) { nodes { id follows { id } chain { truncated descendants { id } } } } }',
  );
  expect(errors).toBeUndefined();
  expect(data.events.nodes).toHaveLength(eventCount);
});

test('duplicates are reported whatever the size of the stored events', async () => {
  const input = Array.from({ length: eventCount }, (_, n) => ({ ...inputOf(n), payload: undefined }));
  const query = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { duplicates results { status event { payload } } } }';
  const { data, errors } = await post(server.url, query, { input });
  expect(data.emitEvents.duplicates).toBe(eventCount);
  expect(errors?.[0]).toMatchObject({ extensions: { code: 'LIMIT_EXCEEDED' } });
});

test('a message that selects a large field many times is LIMIT_EXCEEDED, and the subscription continues', async () => {
  await using client = Object.assign(createClient({ url: `${server.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket }), {
    [Symbol.asyncDispose]: async () => client.dispose(),
  });
  const fields = Array.from({ length: 20 }, (_, n) => `p${n}: payload`).join(' ');
  const codes: unknown[] = [];
  for await (const { errors } of client.iterate<any>({ query: `subscription { events(after: "${head}") { id ${fields} } }` })) {
    if (codes.push(errors?.[0]?.extensions?.['code']) === 3) break;
  }
  expect(codes).toEqual(Array(3).fill('LIMIT_EXCEEDED'));
});

test('subscriptions deliver every event, over WebSocket and SSE, and Prefect gets pages of fewer events', async () => {
  const ids: string[] = [];
  await using client = Object.assign(createClient({ url: `${server.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket }), {
    [Symbol.asyncDispose]: async () => client.dispose(),
  });
  for await (const { data } of client.iterate<any>({ query: `subscription { events(after: "${head}") { id payload } }` })) {
    if (ids.push(data.events.id) === eventCount) break;
  }
  expect(ids).toEqual(Array.from({ length: eventCount }, (_, n) => idOf(n)));

  const query = encodeURIComponent(`subscription { events(after: "${head}") { id payload } }`);
  const stream = await fetch(`${server.url}/graphql?query=${query}`, { headers: { accept: 'text/event-stream' } });
  let [bytes, count] = [0, 0];
  for await (const chunk of stream.body!) {
    bytes += chunk.length;
    count += Buffer.from(chunk).toString('latin1').split('event: next').length - 1;
    if (count === eventCount) break;
  }
  expect(bytes).toBeGreaterThan((eventCount - 1) * payloadBytes);

  let [url, found]: [string | null, number] = [`${server.url}/api/events/filter`, 0];
  for (let init: object = { method: 'POST', body: '{"limit": 20}' }; url !== null; init = {}) {
    const response: any = await (await fetch(url, init)).json();
    expect(response.events.length).toBeLessThan(10);
    found += response.events.length;
    url = response.next_page;
  }
  expect(found).toBe(eventCount);
}, 60_000);

test('the process took little more than its heap', () => {
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1];
  console.log(`peak memory: ${Math.round(Number(peak) / 1024)} MB`);
  expect(server.child.exitCode).toBeNull();
});
