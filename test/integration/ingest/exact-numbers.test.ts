import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareTokens, interestingTokens, valueOfToken } from '../../support/oracles/number-tokens.ts';
import { headOf } from '../../support/protocols/adapter.ts';
import { openPrefect } from '../../support/protocols/prefect.ts';
import { openRaw, type RawSocket } from '../../support/protocols/raw-socket.ts';
import { rawGet, rawHttp, rawMessages, rawWebSocket, type RawOperation } from '../../support/raw-operations.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();

let server: TestServer;
let url: string;
let socket: RawSocket;
let transports: Readonly<Record<'HTTP' | 'WebSocket', RawOperation>>;
beforeAll(async () => {
  server = await startTestServer();
  url = server.tidings.url;
  socket = await openRaw(url);
  socket.socket.setMaxListeners(0);
  transports = { HTTP: rawHttp(url), WebSocket: rawWebSocket(socket) };
});
afterAll(async () => {
  socket[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

/** Each member differs from its double. */
const payload = '{"n":9007199254740993,"list":[18446744073709551617,{"d":-0.1000000000000000055}],"s":"9007199254740993"}';
const emit = 'mutation ($input: EventInput!) { emitEvent(input: $input) { status event { payload } userErrors { code message field } } }';
const inputOf = (id: string, text = payload): string => `{"id":"${id}","event":"exact","resource":{"id":"r"},"payload":${text}}`;
const documentOf = (id: string, text = payload): string =>
  `{"id":"${id}","occurred":"2026-01-01T00:00:00Z","event":"exact","resource":{"prefect.resource.id":"r"},"payload":${text}}`;
const cloudEventOf = (id: string): string =>
  `{"specversion":"1.0","id":"${id}","source":"/s","type":"exact","time":"2026-01-01T00:00:00Z","data":${payload}}`;
const readPayload = 'query ($id: ID!) { event(id: $id) { payload } }';

async function post(
  path: string,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type, ...headers }, body });
  return { status: response.status, text: await response.text() };
}

const senders: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  'GraphQL variables over HTTP': (id) => transports.HTTP(emit, `{"input":${inputOf(id)}}`),
  'GraphQL variables over WebSocket': (id) => transports.WebSocket(emit, `{"input":${inputOf(id)}}`),
  'a GraphQL literal': (id) => transports.HTTP(`mutation { emitEvent(input: ${inputOf(id).replaceAll(/"(\w+)":/g, '$1: ')}) { status } }`),
  'an event document': (id) => post('/api/events', 'application/json', documentOf(id)),
  'an array of event documents': (id) => post('/api/events', 'application/json', `[${documentOf(id)}]`),
  'a line of NDJSON': (id) => post('/api/events', 'application/x-ndjson', `${documentOf(id)}\n`),
  'a structured CloudEvent': (id) => post('/cloudevents', 'application/cloudevents+json', cloudEventOf(id)),
  'a batch of CloudEvents': (id) => post('/cloudevents', 'application/cloudevents-batch+json', `[${cloudEventOf(id)}]`),
  'a binary CloudEvent': (id) =>
    post('/cloudevents', 'application/json', payload, {
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-source': '/s',
      'ce-type': 'exact',
      'ce-time': '2026-01-01T00:00:00Z',
    }),
  "Prefect's socket": async (id) => {
    using client = await openPrefect(url, 'in');
    client.send(documentOf(id));
    await client.settled();
  },
  'tidings emit': async (id) => {
    const command = spawn(process.execPath, [join(import.meta.dirname, '../../../dist/src/cli.js'), 'emit', '-', '--url', url]);
    command.stdin.end(documentOf(id));
    await once(command, 'close');
  },
};

test.each(Object.keys(senders))('%s keeps the digits, in pages and in every live delivery', async (name) => {
  const id = `sent by ${name}`;
  const storedId = name.includes('CloudEvent') ? `/s ${id}` : id;
  const filter = JSON.stringify({ filter: { id: [storedId] }, after: await headOf(server) });
  const events = rawMessages(
    socket,
    'subscription ($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) { payload } }',
    filter,
  );
  const batches = rawMessages(
    socket,
    'subscription ($filter: EventFilter, $after: Cursor) { eventStream(filter: $filter, after: $after) { ... on EventBatch { events { payload } } } }',
    filter,
  );
  using prefect = await openPrefect(url, 'out');
  const frames: string[] = [];
  prefect.socket.on('message', (data: Buffer) => frames.push(data.toString()));
  prefect.send({ type: 'filter', filter: { event: { name: ['exact'] } } });
  await Promise.all([socket.settled(), prefect.settled()]);
  await senders[name]!(id);
  for (const read of Object.values(transports)) {
    await expect.poll(() => read(readPayload, JSON.stringify({ id: storedId }))).toContain(`{"event":{"payload":${inAnyOrder(payload)}`);
  }
  // A subscription that still reads its history has the keys and spaces of jsonb.
  const isExact = (text: string): boolean =>
    [payload, inAnyOrder(payload)].some((each) => text.replaceAll(' ', '').includes(`"payload":${each}`));
  await expect.poll(() => [...events, ...batches].filter(isExact)).toHaveLength(2);
  await expect.poll(() => frames.some(isExact)).toBe(true);
});

/** jsonb sorts keys by length. */
function inAnyOrder(text: string): string {
  return text.replace(/^\{(.*),("list":.*\]),(.*)\}$/, '{$1,$3,$2}');
}

test.each(['HTTP', 'WebSocket'] as const)('over %s, an event differs from one with the next number', async (name) => {
  const send = (id: string, number: string): Promise<string> => transports[name](emit, `{"input":${inputOf(id, `{"n":${number}}`)}}`);
  for (const [first, same, other] of [
    ['9007199254740993', '9007199254740993.00', '9007199254740992'],
    ['9007199254740992', '9007199254740992e0', '9007199254740993'],
    ['1', '10e-1', '1.0000000000000000001'],
    ['1e400', '10e399', '1e401'],
  ] as const) {
    const id = `${name} ${first}`;
    expect(await send(id, first)).toContain('"CREATED"');
    expect(await send(id, same)).toContain('"DUPLICATE"');
    expect(await send(id, other)).toContain('"ID_CONFLICT"');
  }
});

test.each(['HTTP', 'WebSocket'] as const)('over %s, ids that are numbers keep their digits or are rejected', async (name) => {
  const run = transports[name];
  const rejected = await run(emit, '{"input":{"id":1799331234567890123,"event":"id","resource":{"id":"r"}}}');
  expect(rejected).toMatch(/ID cannot represent value: \\?"?1799331234567890123/);
  expect(rejected).toContain('BAD_USER_INPUT');
  expect(rejected).toContain('input.id');
  const literal = `mutation { emitEvent(input: {id: 179933123456789012${name.length}, event: "id", resource: {id: "r"}}) { event { id } } }`;
  expect(await run(literal)).toContain(`"id":"179933123456789012${name.length}"`);
});

test.each([
  ['/api/events', 'application/json', `{"id":1799331234567890123,${documentOf('x').slice('{"id":"x",'.length)}`],
  ['/cloudevents', 'application/cloudevents+json', cloudEventOf('x').replace('"id":"x"', '"id":1799331234567890123')],
])('%s rejects an id that is a number, with its path', async (path, type, body) => {
  const { status, text } = await post(path, type, body);
  expect(status).toBe(422);
  expect(text).toContain('the number 1799331234567890123');
  expect(text).toMatch(/\bid\b/);
});

test.each(['1e1001', '-1e-1001', '1e100000', '7'.repeat(1001)])('the number %.12s is rejected with its path', async (number) => {
  const input = inputOf('too-long', `{"a":[{"b":${number}}]}`);
  for (const run of Object.values(transports)) {
    const result = await run(emit, `{"input":${input}}`);
    expect(result).toContain('"code":"INVALID"');
    expect(result).toContain('"field":["input","payload","a","0","b"]');
    expect(await run('query ($v: JSON) { events(filter: {payload: [{path: "n", gt: $v}]}) { nodes { id } } }', `{"v":${number}}`)).toMatch(
      /filter\.payload\.0\.gt.*BAD_FILTER/,
    );
    expect(
      await run('query ($v: JSON) { events(filter: {payload: [{path: "n", in: [1, $v]}]}) { nodes { id } } }', `{"v":${number}}`),
    ).toMatch(/BAD_FILTER/);
  }
  const { status, text } = await post('/api/events', 'application/json', documentOf('too-long', `{"a":[{"b":${number}}]}`));
  expect(status).toBe(422);
  expect(text).toContain('"payload","a","0","b"');
});

test('a payload that is a number is no object, and the data of a CloudEvent can be one', async () => {
  expect(await transports.HTTP(emit, `{"input":${inputOf('no-object', '9007199254740993')}}`)).toContain(
    'expected a JSON object, got the number 9007199254740993',
  );
  expect(
    (await post('/cloudevents', 'application/cloudevents+json', cloudEventOf('number').replace(payload, '9007199254740993'))).status,
  ).toBe(204);
  expect(await transports.HTTP(readPayload, '{"id":"/s number"}')).toContain('{"payload":{"data":9007199254740993}}');
});

test('a key keeps the numbers of its filter', async () => {
  const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key { filter } } }';
  const filter = '{"payload":[{"lt":9007199254740993,"path":"n"}]}';
  await using own = await startTestServer({ TIDINGS_ADMIN_KEY: 'a-key-of-22-characters' });
  const response = await fetch(`${own.tidings.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer a-key-of-22-characters' },
    body: `{"query":${JSON.stringify(create)},"variables":{"input":{"name":"k","permissions":["READ"],"filter":${filter}}}}`,
  });
  expect(await response.text()).toContain(`"filter":${filter}`);
});

test('filters and counts compare exact decimals, in SQL and live', async () => {
  const tokens = interestingTokens;
  const prefix = 'compared';
  const countBy = 'by: [{payload: {path: "n"}}]';
  const counts = rawMessages(
    socket,
    `subscription { eventCounts(filter: {event: {in: ["${prefix}"]}}, ${countBy}, intervalMs: 50) { total buckets { keys count } } }`,
  );
  await socket.settled();
  const comparisons = fc.sample(
    fc.record({ operator: fc.constantFrom('eq', 'in', 'gt', 'gte', 'lt', 'lte'), token: fc.constantFrom(...tokens), star: fc.boolean() }),
    { numRuns: 60, seed },
  );
  const after = await headOf(server);
  const filters = comparisons.map(({ operator, token, star }) => {
    const value = operator === 'in' ? `["x",${token}]` : token;
    return `{"event":{"in":["${prefix}"]},"payload":[{"path":"${star ? 'list.*' : 'n'}","${operator}":${value}}]}`;
  });
  const subscribed = filters.map((filter) =>
    rawMessages(
      socket,
      'subscription ($f: EventFilter, $after: Cursor) { events(filter: $f, after: $after) { id } }',
      `{"f":${filter},"after":"${after}"}`,
    ),
  );
  await socket.settled();
  const documents = tokens.map((token, index) =>
    documentOf(`n${index}`, `{"n":${token},"list":[null,${token}]}`).replace('"event":"exact"', `"event":"${prefix}"`),
  );
  expect((await post('/api/events', 'application/x-ndjson', documents.join('\n'))).status).toBe(204);

  const holds: Readonly<Record<string, (order: number) => boolean>> = {
    eq: (order) => order === 0,
    in: (order) => order === 0,
    gt: (order) => order > 0,
    gte: (order) => order >= 0,
    lt: (order) => order < 0,
    lte: (order) => order <= 0,
  };
  for (const [index, { operator, token }] of comparisons.entries()) {
    const expected = tokens.flatMap((each, at) => (holds[operator]!(compareTokens(each, token)) ? [`n${at}`] : []));
    for (const run of [transports.HTTP, transports.WebSocket, rawGet(url)]) {
      const text = await run(
        'query ($f: EventFilter) { events(filter: $f, order: LOG, first: 1000) { nodes { id } } }',
        `{"f":${filters[index]!}}`,
      );
      expect(
        Array.from(text.matchAll(/"id":"(n\d+)"/g), ([, id]) => id),
        `${operator} ${token}`,
      ).toEqual(expected);
    }
    const delivered = (): readonly unknown[] => subscribed[index]!.flatMap((text) => /"events":\{"id":"(n\d+)"/.exec(text)?.[1] ?? []);
    await expect.poll(delivered, { message: `${operator} ${token}` }).toEqual(expected);
  }

  const wanted = new Map<string, number>();
  for (const token of tokens) wanted.set(valueOfToken(token), (wanted.get(valueOfToken(token)) ?? 0) + 1);
  const bucketsIn = (text: string): Map<string, number> =>
    new Map(Array.from(text.matchAll(/\{"keys":\["([^"]+)"\],"count":(\d+)\}/g), ([, key, count]) => [valueOfToken(key!), Number(count)]));
  const query = `{ eventCounts(filter: {event: {in: ["${prefix}"]}}, ${countBy}) { total buckets { keys count } } }`;
  for (const run of Object.values(transports)) expect(bucketsIn(await run(query))).toEqual(wanted);
  await expect.poll(() => bucketsIn(counts.join(''))).toEqual(wanted);
});

test('the text of a rejected event has its digits', async () => {
  await post('/api/events?on_error=skip', 'application/json', '[{"id":"rejected-digits","payload":{"n":9007199254740993}}]');
  await expect
    .poll(() => transports.HTTP('{ rejectedEvents { nodes { raw } } }'))
    .toContain(JSON.stringify('{"id":"rejected-digits","payload":{"n":9007199254740993}}'));
});

test('tidings tail prints the digits', async () => {
  const tail = spawn(process.execPath, [
    join(import.meta.dirname, '../../../dist/src/cli.js'),
    'tail',
    '--json',
    '--event',
    'tailed',
    '--url',
    url,
  ]);
  let [stdout, stderr] = ['', ''];
  tail.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  tail.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await expect.poll(() => stderr, { timeout: 20_000 }).toContain('connected');
  await post('/api/events', 'application/json', documentOf('tailed').replace('"event":"exact"', '"event":"tailed"'));
  // The order of the keys is that of the sender, or of the database if the event was read from there.
  await expect.poll(() => stdout, { timeout: 20_000 }).toContain('"n":9007199254740993,');
  expect(stdout).toContain('"list":[18446744073709551617,{"d":-0.1000000000000000055}]');
  tail.kill();
});
