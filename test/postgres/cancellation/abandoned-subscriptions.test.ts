import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { adminKey, bearer, type Bearer } from '../../support/keys.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let admin: Bearer;

beforeAll(async () => {
  server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  admin = bearer(server.tidings.url, adminKey);
});

afterAll(() => server[Symbol.asyncDispose]());

const subscriptions = [
  'subscription { events { id } }',
  'subscription { eventStream { __typename } }',
  'subscription { eventCounts(by: [{ event: {} }]) { total } }',
];
/** The times after which clients leave: before, while and after the server opens a subscription. */
const delaysMs = [0, 0, 1, 2, 4, 8, 12, 20, 35, 50];

test.each([
  ['SSE', leaveStream],
  ['a WebSocket that closes', leaveSocket],
  ['a WebSocket that stays', completeOnSocket],
] as const)('a subscription whose client leaves at any moment ends, over %s', async (_name, leave) => {
  for (const query of subscriptions) await Promise.all(delaysMs.map((delayMs) => leave(admin, query, delayMs)));
  await expect.poll(openSources, pollOptions).toEqual({ subscriptions: 0, streams: 0 });
  expect(await metric('tidings_unexpected_errors_total')).toBe(0);
});

test('also when its key is revoked while clients leave', async () => {
  const created = await admin.data('mutation { createApiKey(input: { name: "reader", permissions: [READ] }) { secret key { id } } }');
  const { secret, key } = created.createApiKey;
  const reader = bearer(server.tidings.url, secret);
  const leaving = subscriptions.flatMap((query) =>
    delaysMs.flatMap((delayMs) => [leaveStream(reader, query, delayMs), completeOnSocket(reader, query, delayMs)]),
  );
  await admin.data('mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id: key.id });
  await Promise.all(leaving);
  await expect.poll(openSources, pollOptions).toEqual({ subscriptions: 0, streams: 0 });
});

test('operations with the id of a completed one do not keep that one open', async () => {
  const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await new Promise((resolve) => socket.once('open', resolve));
  const send = (message: object): void => socket.send(JSON.stringify(message));
  send({ type: 'connection_init', payload: { authorization: `Bearer ${adminKey}` } });
  await new Promise((resolve) => socket.once('message', resolve));
  for (const query of [...subscriptions, ...subscriptions]) {
    send({ id: 'same', type: 'subscribe', payload: { query } });
    send({ id: 'same', type: 'complete' });
  }
  send({ id: 'last', type: 'subscribe', payload: { query: subscriptions[2] } });
  await new Promise((resolve) => socket.once('message', resolve));
  await expect.poll(openSources, pollOptions).toEqual({ subscriptions: 1, streams: 0 });
  socket.close();
  await expect.poll(openSources, pollOptions).toEqual({ subscriptions: 0, streams: 0 });
});

const pollOptions = { timeout: 10_000, interval: 20 };

async function leaveStream({ secret }: Bearer, query: string, delayMs: number): Promise<void> {
  const leaving = new AbortController();
  const url = `${server.tidings.url}/graphql?${new URLSearchParams({ query })}`;
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${secret}` };
  const response = fetch(url, { headers, signal: leaving.signal }).catch(() => undefined);
  await pause(delayMs);
  leaving.abort();
  await response;
}

async function leaveSocket(by: Bearer, query: string, delayMs: number): Promise<void> {
  const client = by.socket();
  client.subscribe({ query }, ignored);
  await connected(client);
  await pause(delayMs);
  await client.dispose();
}

async function completeOnSocket(by: Bearer, query: string, delayMs: number): Promise<void> {
  const client = by.socket();
  const keepOpen = client.subscribe({ query: 'subscription { events(filter: { id: { in: ["never"] } }) { id } }' }, ignored);
  await connected(client);
  const complete = client.subscribe({ query }, ignored);
  await pause(delayMs);
  complete();
  keepOpen();
}

function connected(client: ReturnType<Bearer['socket']>): Promise<unknown> {
  return new Promise((resolve) => {
    client.on('connected', resolve);
    client.on('closed', resolve); // the key was revoked
  });
}

const ignored = { next: () => undefined, error: () => undefined, complete: () => undefined };

async function openSources() {
  return { subscriptions: await metric('tidings_subscriptions'), streams: await metric('tidings_streams') };
}

async function metric(name: string): Promise<number> {
  const response = await fetch(`${server.tidings.url}/metrics`, { headers: { authorization: `Bearer ${adminKey}` } });
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await response.text())?.[1]);
}
