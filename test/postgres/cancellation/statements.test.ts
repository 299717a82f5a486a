import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, post, type TestServer } from '../../support/test-server.ts';

// Reads block on tables that this test has locked. So they run for as long as it wants, in the
// database and without load.
let server: TestServer;
let admin: postgres.Sql;

beforeAll(async () => {
  server = await startTestServer({ TIDINGS_POOL_SIZE: '10' });
  admin = postgres(server.environment['DATABASE_URL']!, { max: 2, onnotice: () => undefined });
  await server.data(emission, { id: 'first' });
  await server.data(emission, { id: 'second', follows: 'first' });
});

afterAll(async () => {
  await admin.end();
  await server[Symbol.asyncDispose]();
});

const reads: Readonly<Record<string, string>> = {
  page: '{ events(filter: { text: "acme" }) { nodes { id } } }',
  totalCount: '{ events(filter: { text: "acme" }) { totalCount { count } } }',
  count: '{ eventCounts(by: [{ event: {} }]) { total } }',
  chain: '{ events(first: 1) { nodes { chain { truncated } } } }',
  nested: '{ events(first: 1) { nodes { resource { resource { name } } } } }',
  estimate: '{ explainFilter(filter: { text: "acme" }) { estimate { count } } }',
  resources: '{ resources(idPrefix: "acme") { nodes { id } } }',
};

test.each(Object.entries(reads))('a client that leaves over HTTP ends its statements: %s', async (_name, query) => {
  // Yoga serves a document once, and then src/server/graphql/posted-operations.ts.
  for (let n = 0; n < 2; n += 1) {
    await whileLocked(async () => {
      const leaving = new AbortController();
      const response = fetch(`${server.tidings.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
        signal: leaving.signal,
      });
      await blocked(1);
      leaving.abort();
      await expect(response).rejects.toThrow('aborted');
      await endsSoon();
    });
  }
  expect((await server.execute(likeQuery(query))).errors).toBeUndefined();
});

test.each(Object.entries(reads))('a client that completes an operation of a WebSocket ends its statements: %s', async (_name, query) => {
  await whileLocked(async () => {
    const client = server.socket();
    let results = 0;
    const complete = client.subscribe({ query }, { next: () => (results += 1), error: () => undefined, complete: () => undefined });
    await blocked(1);
    complete();
    await endsSoon();
    expect(results).toBe(0);
  });
  expect((await server.execute(likeQuery(query))).errors).toBeUndefined();
});

test('a closed WebSocket ends the statements of all its operations, running and waiting', async () => {
  await whileLocked(async () => {
    const client = server.socket();
    for (let n = 0; n < 20; n += 1) {
      client.subscribe({ query: reads['page']! }, { next: () => undefined, error: () => undefined, complete: () => undefined });
    }
    await blocked(3);
    await client.dispose();
    await endsSoon();
  });
});

test('clients of other protocols that leave end their statements', async () => {
  for (const path of ['filter', 'count-by/event', 'count-by/resource', 'count-by/day']) {
    await whileLocked(async () => {
      const leaving = new AbortController();
      const body = JSON.stringify({ filter: { event: { prefix: ['acme.'] } } });
      const response = fetch(`${server.tidings.url}/api/events/${path}`, { method: 'POST', body, signal: leaving.signal });
      await blocked(1);
      leaving.abort();
      await expect(response).rejects.toThrow('aborted');
      await endsSoon();
    });
  }
});

test('a live count whose only client leaves ends its statements; one of two does not', async () => {
  const query = 'subscription { eventCounts(by: [{ resource: {} }]) { total } }';
  await whileLocked(async () => {
    const first = openStream(query);
    await blocked(1);
    const second = openStream(query);
    // Both share one count as soon as both follow the log.
    await expect.poll(() => metric('tidings_streams'), pollOptions).toBe(2);
    first.abort();
    await expect.poll(() => metric('tidings_streams'), pollOptions).toBe(1);
    await blocked(1);
    second.abort();
    await endsSoon();
  });
});

test('reads leave connections for events, for the head and for other operations', async () => {
  await whileLocked(async () => {
    const leaving = new AbortController();
    const many = Array.from({ length: 20 }, (_, n) => `f${n}: events(filter: { event: { startsWith: ["a${n}"] } }) { nodes { id } }`);
    const get = (query: string): void => {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
        signal: leaving.signal,
      };
      fetch(`${server.tidings.url}/graphql`, init).catch(() => undefined);
    };
    get(`{ ${many.join(' ')} }`);
    await blocked(2);
    for (let n = 0; n < 50; n += 1) get(reads['page']!);
    await blocked(3);
    const began = performance.now();
    const emitted = await post(server.tidings.url, emission, { id: 'meanwhile' });
    expect(emitted.data.emitEvent.status).toBe('CREATED');
    expect(performance.now() - began).toBeLessThan(5000);
    await blocked(3); // and the notification of the event ends
    leaving.abort();
    await endsSoon();
  }, 'noIds');
});

test('what a client emits before it leaves is stored', async () => {
  const leaving = new AbortController();
  await admin.begin(async (transaction) => {
    await transaction`lock table tidings.event_ids in access exclusive mode`;
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, signal: leaving.signal };
    const response = fetch(`${server.tidings.url}/graphql`, {
      ...init,
      body: JSON.stringify({ query: emission, variables: { id: 'left' } }),
    });
    await expect.poll(async () => (await activity()).some((each) => each.includes('append_events')), pollOptions).toBe(true);
    leaving.abort();
    await expect(response).rejects.toThrow('aborted');
  });
  await expect.poll(async () => (await server.data('{ event(id: "left") { id } }')).event, pollOptions).toEqual({ id: 'left' });
});

test('cancelled operations are no failures', async () => {
  expect(await metric('tidings_unexpected_errors_total')).toBe(0);
  expect(await metric('tidings_subscriptions')).toBe(0);
});

/** Another search of the same kind: one that was answered is remembered, and does not read what is locked. */
function likeQuery(query: string): string {
  return query.replaceAll('acme', 'other');
}

const emission = `mutation ($id: ID!, $follows: ID) {
  emitEvent(input: { id: $id, event: "acme.thing.made", resource: { id: "acme.thing" }, follows: $follows }) { status }
}`;
const pollOptions = { timeout: 10_000, interval: 10 };

/** Blocks reads through the skip index, and with `ids` those by event id. */
async function whileLocked(work: () => Promise<void>, ids: 'ids' | 'noIds' = 'ids'): Promise<void> {
  await admin.begin(async (transaction) => {
    await transaction`lock table tidings.digests in access exclusive mode`;
    if (ids === 'ids') await transaction`lock table tidings.event_ids in access exclusive mode`;
    await work();
  });
}

function openStream(query: string): AbortController {
  const leaving = new AbortController();
  const url = `${server.tidings.url}/graphql?${new URLSearchParams({ query })}`;
  fetch(url, { headers: { accept: 'text/event-stream' }, signal: leaving.signal }).catch(() => undefined);
  return leaving;
}

/** The statements of the server that run now. */
async function activity(): Promise<readonly string[]> {
  const rows = await admin<{ query: string }[]>`
    select query from pg_stat_activity
    where datname = current_database() and application_name = 'tidings' and state = 'active'`;
  return rows.map(({ query }) => query);
}

async function countBlocked(): Promise<number> {
  return (await activity()).length;
}

async function blocked(count: number): Promise<void> {
  await expect.poll(countBlocked, pollOptions).toBe(count);
}

/** The bound that a client can rely on; the tests allow no more. */
async function endsSoon(): Promise<void> {
  await expect.poll(countBlocked, { timeout: 500, interval: 10 }).toBe(0);
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.tidings.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
}
