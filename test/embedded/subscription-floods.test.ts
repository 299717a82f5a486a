import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { startInspected, type InspectedServer } from '../support/server-memory.ts';
import { newDatabase } from '../support/test-server.ts';

// Opening and ending subscriptions does not read the database, so these tests run on one only.
const stack = new AsyncDisposableStack();
let server: InspectedServer;
beforeAll(async () => {
  const { environment } = stack.use(await newDatabase());
  server = stack.use(await startInspected(environment));
});
afterAll(() => stack[Symbol.asyncDispose]());

const maxSubscriptions = 1000; // the default of TIDINGS_MAX_SUBSCRIPTIONS
const subscribe = (id: string, filter: object) => ({
  id,
  type: 'subscribe',
  payload: { query: 'subscription ($filter: EventFilter) { events(filter: $filter) { id } }', variables: { filter } },
});
const complete = (id: string) => ({ id, type: 'complete' });
const same = (): object => ({ event: { in: ['acme.same'] } });
const own = (n: number): object => ({ event: { in: [`acme.own.${n}`] }, resource: { id: { startsWith: [`r.${n}.`] } } });
const pollOptions = { timeout: 60_000, interval: 20 };
const open = (): Promise<number> => server.metric('tidings_subscriptions');

/** Each opens and ends this number of subscriptions. */
const floods: Record<string, (count: number) => Promise<void>> = {
  'with equal filters, completed once they were open': (count) => pairs(count, same),
  'with distinct filters, completed once they were open': (count) => pairs(count, own),
  async 'completed at the moment they are opened'(count) {
    using raw = await openRaw(server.url);
    for (let at = 0; at < count; at += 500) {
      raw.sendTogether(() => {
        for (let n = at; n < at + 500; n += 1) {
          raw.send(subscribe(`s-${n}`, own(n)));
          raw.send(complete(`s-${n}`));
        }
      });
      await raw.settled();
    }
    // A completed subscription gets no response, and none was rejected.
    expect([...raw.received.keys()].filter((kind) => kind.startsWith('error'))).toEqual([]);
  },
  async 'whose connection is cut after they are open'(count) {
    for (let at = 0; at < count; at += maxSubscriptions) {
      using raw = await openRaw(server.url);
      for (let n = at; n < at + maxSubscriptions; n += 1) raw.send(subscribe(`s-${n}`, own(n)));
      await expect.poll(open, pollOptions).toBe(maxSubscriptions);
      raw.socket.terminate();
      await expect.poll(open, pollOptions).toBe(0);
    }
  },
  async 'whose connection is cut while they are being opened'(count) {
    for (let at = 0; at < count; at += maxSubscriptions) {
      using raw = await openRaw(server.url);
      raw.sendTogether(() => {
        for (let n = at; n < at + maxSubscriptions; n += 1) raw.send(subscribe(`s-${n}`, own(n)));
      });
      await expect.poll(open, { timeout: 60_000, interval: 1 }).toBeGreaterThan(0);
    }
  },
};

async function pairs(count: number, filter: (n: number) => object): Promise<void> {
  using raw = await openRaw(server.url);
  for (let at = 0; at < count; at += maxSubscriptions) {
    for (let n = at; n < at + maxSubscriptions; n += 1) raw.send(subscribe(`s-${n}`, filter(n)));
    await expect.poll(open, pollOptions).toBe(maxSubscriptions);
    for (let n = at; n < at + maxSubscriptions; n += 1) raw.send(complete(`s-${n}`));
    await expect.poll(open, pollOptions).toBe(0);
  }
}

test.each(Object.entries(floods))('10,000 subscriptions %s leave nothing behind', { timeout: 180_000 }, async (name, flood) => {
  const nothingOpen = async (): Promise<void> => {
    for (const metric of ['tidings_subscriptions', 'tidings_subscription_filters', 'tidings_websockets']) {
      await expect.poll(() => server.metric(metric), { ...pollOptions, message: metric }).toBe(0);
    }
  };
  // What code and caches take once.
  await flood(2 * maxSubscriptions);
  await nothingOpen();
  const before = await server.memory();
  await flood(10 * maxSubscriptions);
  await nothingOpen();
  const grown = (await server.memory()) - before;
  console.log(`${name}: memory grew by ${(grown / 1024).toFixed(0)} KB`);
  expect(grown).toBeLessThan(2 * 2 ** 20);
});

test('subscriptions beyond the limit of a socket are rejected individually, and leave nothing behind', { timeout: 180_000 }, async () => {
  const flood = async (count: number): Promise<void> => {
    using raw = await openRaw(server.url);
    for (let n = 0; n < maxSubscriptions + count; n += 1) raw.send(subscribe(`s-${n}`, own(n)));
    await expect.poll(() => raw.received.get('error LIMIT_EXCEEDED'), pollOptions).toBe(count);
    await expect.poll(open, pollOptions).toBe(maxSubscriptions);
    // Ids of rejected ones are free again, and the end of one makes room for another.
    raw.send(complete('s-0'));
    raw.send(subscribe(`s-${maxSubscriptions}`, same()));
    await expect.poll(() => server.metric('tidings_subscription_filters'), pollOptions).toBe(maxSubscriptions);
    expect(raw.socket.readyState).toBe(raw.socket.OPEN);
  };
  await flood(2 * maxSubscriptions);
  await expect.poll(open, pollOptions).toBe(0);
  const before = await server.memory();
  await flood(10 * maxSubscriptions);
  await expect.poll(open, pollOptions).toBe(0);
  const grown = (await server.memory()) - before;
  console.log(`beyond the limit: memory grew by ${(grown / 1024).toFixed(0)} KB`);
  expect(grown).toBeLessThan(2 * 2 ** 20);
});

const largeBody = JSON.stringify({
  query: 'subscription { eventStream { __typename } }',
  variables: { unused: 'x'.repeat(5_000_000) },
});
/** Each opens a subscription that sends a large value which it does not need, and returns what ends it. */
const largeRequests: Record<string, () => Promise<() => void>> = {
  async 'over SSE'() {
    const abort = new AbortController();
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
    await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: largeBody, signal: abort.signal });
    return () => abort.abort();
  },
  async 'over WebSocket'() {
    const raw = await openRaw(server.url);
    raw.send({ id: 'large', type: 'subscribe', payload: JSON.parse(largeBody) });
    await raw.settled();
    return () => raw[Symbol.dispose]();
  },
};

test.each(Object.keys(largeRequests))('a subscription keeps nothing of its request that it does not need, %s', async (transport) => {
  await expect.poll(open, pollOptions).toBe(0);
  const before = await server.memory();
  const ends = await Promise.all(Array.from({ length: 8 }, () => largeRequests[transport]!()));
  await expect.poll(open, pollOptions).toBe(8);
  expect((await server.memory()) - before).toBeLessThan(8 * 500_000);
  for (const end of ends) end();
});
