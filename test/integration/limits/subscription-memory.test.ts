import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPrefect } from '../../support/protocols/prefect.ts';
import { openRaw, type RawSocket } from '../../support/protocols/raw-socket.ts';
import { startProcess, type ServerProcess } from '../../support/process.ts';
import { newDatabase } from '../../support/test-server.ts';

// A client may keep an eighth of the heap, so the server has a small one.
let database: Awaited<ReturnType<typeof newDatabase>>;
let server: ServerProcess;
beforeAll(async () => {
  database = await newDatabase();
  server = await startProcess({ ...database.environment, NODE_OPTIONS: '--max-old-space-size=256' });
});
afterAll(async () => {
  const exit = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await exit;
  await database[Symbol.asyncDispose]();
});

const attacker = { localAddress: '127.0.0.2' }; // another client than 127.0.0.1
const ids = (n: number) => Array.from({ length: 1000 }, (_, id) => `${n}.${id}`);
const large = (n: number) => ({ or: Array.from({ length: 9 }, (_, m) => ({ resource: { id: { in: ids(10 * n + m) } } })) });
const operations: Record<string, string> = {
  events: 'subscription ($filter: EventFilter) { events(filter: $filter) { id } }',
  eventStream: 'subscription ($filter: EventFilter) { eventStream(filter: $filter) { __typename } }',
  eventCounts: 'subscription ($filter: EventFilter) { eventCounts(filter: $filter, by: [{ event: {} }]) { total } }',
};
const subscribe = (id: string, query: string, filter: object) => ({ id, type: 'subscribe', payload: { query, variables: { filter } } });

async function open(options = {}): Promise<RawSocket> {
  const raw = await openRaw(server.url, options);
  rejections(raw);
  return raw;
}

const counted = new WeakMap<RawSocket, { count: number }>();

/** Counts the subscriptions of a socket that are LIMIT_EXCEEDED, from the first call on. */
function rejections(raw: RawSocket): { count: number } {
  const known = counted.get(raw);
  if (known !== undefined) return known;
  const found = { count: 0 };
  counted.set(raw, found);
  raw.socket.on('message', (data: Buffer) => {
    const { payload } = JSON.parse(data.toString());
    if (payload?.errors?.[0].extensions.code === 'LIMIT_EXCEEDED') found.count += 1;
  });
  return found;
}

async function keptBytes(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^tidings_subscription_bytes (\S+)$/m.exec(text)![1]);
}

async function kept(bytes: number): Promise<void> {
  await expect.poll(keptBytes, { timeout: 20_000, interval: 20 }).toBe(bytes);
}

/** Subscribes with distinct large filters until the first is rejected. Returns the number of the others. */
async function fill(raw: RawSocket, query: string): Promise<number> {
  for (let n = 0; n < 40; n += 1) raw.send(subscribe(`s${n}`, query, large(n)));
  await expect.poll(() => rejections(raw).count, { timeout: 20_000, interval: 20 }).toBeGreaterThan(0);
  await raw.settled();
  return 40 - rejections(raw).count;
}

test.each(Object.entries(operations))(
  'the %s of one client keep bounded memory, leave room for others, and return it when they end',
  { timeout: 60_000 },
  async (_name, query) => {
    const raw = await open(attacker);
    const accepted = await fill(raw, query);
    expect(accepted).toBeGreaterThan(5);
    expect(accepted).toBeLessThan(30);
    const full = await keptBytes();
    expect(full).toBeGreaterThan(accepted * 500_000);
    using other = await open();
    other.send(subscribe('other', query, large(0)));
    await expect.poll(keptBytes, { timeout: 20_000 }).toBeGreaterThan(full);
    expect(rejections(other).count).toBe(0);
    other.send({ id: 'other', type: 'complete' });
    await kept(full);
    raw.socket.terminate();
    await kept(0);
  },
);

test('equal filters and documents of one client count once', { timeout: 60_000 }, async () => {
  using raw = await open(attacker);
  for (let n = 0; n < 100; n += 1) raw.send(subscribe(`s${n}`, operations['events']!, large(0)));
  await raw.settled();
  await expect.poll(keptBytes, { timeout: 20_000 }).toBeGreaterThan(100 * 5120);
  const all = await keptBytes();
  expect(all).toBeLessThan(5_000_000);
  expect(rejections(raw).count).toBe(0);
  for (let n = 0; n < 99; n += 1) raw.send({ id: `s${n}`, type: 'complete' });
  await kept(all - 99 * 5120);
  raw.socket.terminate();
  await kept(0);
});

const largeResult = {
  query: 'subscription ($path: String!) { events { payloadAt(path: $path) } }',
  variables: { path: 'x'.repeat(2 << 20) },
};

test('a request that is too large to be kept is rejected over a WebSocket, which stays open', async () => {
  using raw = await open();
  raw.send({ id: 'long', type: 'subscribe', payload: largeResult });
  await expect.poll(() => rejections(raw).count, { timeout: 20_000 }).toBe(1);
  await raw.settled();
  await kept(0);
});

test('over SSE the message says what is too much and what to do', async () => {
  const request = (query: string, variables = {}): Promise<Response> => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    return fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  };
  const rejected = await (await request(largeResult.query, largeResult.variables)).text();
  expect(rejected).toMatch(/LIMIT_EXCEEDED/);
  expect(rejected).toMatch(/at most 8388608 bytes of memory, got one of about \d+; use fewer or shorter values/);
  const accepted = await request(operations['events']!, { filter: large(1) });
  expect(accepted.headers.get('content-type')).toBe('text/event-stream');
  await expect.poll(keptBytes).toBeGreaterThan(1_000_000);
  await accepted.body?.cancel();
  await kept(0);
});

test("sockets of Prefect's clients are charged too, and told to try again later", { timeout: 60_000 }, async () => {
  const sockets: Awaited<ReturnType<typeof openPrefect>>[] = [];
  const closed: { code: number; reason: string }[] = [];
  for (let n = 0; n < 60 && closed.length === 0; n += 1) {
    const client = await openPrefect(server.url, 'out');
    sockets.push(client);
    client.socket.on('close', (code: number, reason: Buffer) => closed.push({ code, reason: reason.toString() }));
    const any_resource = Array.from({ length: 9 }, (_, m) => ({ id: ids(10 * n + m) }));
    client.send({ type: 'filter', backfill: false, filter: { any_resource } });
    await client.settled().catch(() => undefined);
  }
  await expect
    .poll(() => closed[0], { timeout: 20_000 })
    .toMatchObject({ code: 1013, reason: expect.stringMatching(/^expected subscriptions of one client/) });
  for (const each of sockets) each[Symbol.dispose]();
  await kept(0);
});
