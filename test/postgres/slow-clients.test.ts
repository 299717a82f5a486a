import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createClient } from 'graphql-ws';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openPrefect } from '../support/protocols/prefect.ts';
import { startInspected, type InspectedServer } from '../support/server-memory.ts';
import { newDatabase, post } from '../support/test-server.ts';

// The selection of a stalled client: a kilobyte an event, in sum far more than the network buffers.
const wide = `id cursor ${Array.from({ length: 8 }, (_, n) => `name${n}: event`).join(' ')}`;
const subscription = (fields: string): string => `subscription ($after: Cursor) { events(after: $after) { ${fields} } }`;
const name = 'acme.measurement.taken.'.padEnd(120, 'x');
const idOf = (n: number): string => `e-${n}`;

// On Postgres only: the memory is the server's own, and with the embedded database this would take
// minutes.
test('clients that stop reading cost little memory, do not slow other clients, and get every event when they read again', async () => {
  await using stack = new AsyncDisposableStack();
  const { environment } = stack.use(await newDatabase());
  const server = stack.use(await startInspected(environment));
  const head = async (): Promise<string> => (await post(server.url, '{ head }')).data.head;
  const emission = emissionTo(server);

  const follower = stack.use(startFollower(server.url, await head(), 'id'));
  await emission.emit(20_000); // fills the buffers that the server keeps in any case
  await follower.reached(20_000);
  const before = await server.memory();

  const after = await head();
  const stalled = [
    stack.use(startFollower(server.url, after, wide)),
    stack.use(startSseFollower(server.url, after, wide)),
    stack.use(await startPrefectFollower(server.url)),
  ];
  // Prefect's subscription begins at the head when the server has received it.
  await expect.poll(() => server.metric('tidings_subscriptions'), { timeout: 20_000 }).toBe(4);
  await emission.emit(1000);
  for (const each of stalled) await each.reached(1);
  stalled.forEach((each) => each.stall());

  let maxBytes = 0;
  for (let batch = 0; batch < 6; batch += 1) {
    await emission.emit(10_000);
    maxBytes = Math.max(maxBytes, (await server.memory()) - before);
  }
  await follower.reached(81_000);
  for (const each of stalled) expect(each.count()).toBeLessThan(30_000);
  expect(await server.metric('tidings_subscriptions')).toBe(4); // all are still connected
  console.log(`memory grew by at most ${(maxBytes / 2 ** 20).toFixed(1)} MB`);
  expect(maxBytes).toBeLessThan(20 * 2 ** 20);

  stalled.forEach((each) => each.resume());
  for (const each of stalled) await each.reached(61_000);
  // Each checks the order of its events, and that none comes twice.
  expect([follower, ...stalled].map((each) => each.wrong()).filter((wrong) => wrong !== null)).toEqual([]);
}, 300_000);

interface Follower extends AsyncDisposable {
  /** The number of events received. */
  count(): number;
  /** The first event out of order or received twice; null: none. */
  wrong(): string | null;
  reached(count: number): Promise<void>;
  /** Stops reading from the connection. */
  stall(): void;
  resume(): void;
}

/** Counts the events of one emission, and checks that each follows the one before. */
function counting() {
  let count = 0;
  let next: number | null = null;
  let wrong: string | null = null;
  return {
    take(id: string): void {
      const n = Number(id.slice(2));
      if (next !== null && n !== next) wrong ??= `${idOf(n)} came where ${idOf(next)} should have`;
      next = n + 1;
      count += 1;
    },
    count: () => count,
    wrong: () => wrong,
    async reached(wanted: number): Promise<void> {
      await expect.poll(() => count, { timeout: 120_000, interval: 50 }).toBeGreaterThanOrEqual(wanted);
    },
  };
}

function startFollower(url: string, after: string, fields: string): Follower {
  const counter = counting();
  let cursor = after;
  let socket: WebSocket | null = null;
  let stalled: NodeJS.Timeout | undefined;
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: async () => undefined,
    on: { connected: (connected) => (socket = connected as WebSocket) },
  });
  const variables = {
    get after() {
      return cursor;
    },
  };
  client.subscribe<any>(
    { query: subscription(`cursor ${fields}`), variables },
    {
      next({ data }) {
        cursor = data.events.cursor;
        counter.take(data.events.id);
      },
      error: console.error,
      complete: () => undefined,
    },
  );
  return {
    ...counter,
    stall() {
      socket!.pause();
      // The server drops a client that does not answer pings.
      stalled = setInterval(() => socket!.pong(), 2000);
    },
    resume() {
      clearInterval(stalled);
      socket!.resume();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(stalled);
      await client.dispose();
    },
  };
}

function startSseFollower(url: string, after: string, fields: string): Follower {
  const counter = counting();
  let response: IncomingMessage | null = null;
  let text = '';
  const query = new URLSearchParams({ query: subscription(fields), variables: JSON.stringify({ after }) });
  const request = get(`${url}/graphql?${query}`, { headers: { accept: 'text/event-stream' } }, (incoming) => {
    response = incoming;
    incoming.on('error', () => undefined);
    incoming.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) if (line.startsWith('data: {')) counter.take(JSON.parse(line.slice(6)).data.events.id);
    });
  });
  request.on('error', () => undefined);
  return {
    ...counter,
    stall: () => void response!.pause(),
    resume: () => void response!.resume(),
    async [Symbol.asyncDispose]() {
      const closed = once(request, 'close');
      request.destroy();
      await closed;
    },
  };
}

async function startPrefectFollower(url: string): Promise<Follower> {
  const counter = counting();
  const client = await openPrefect(url, 'out');
  const { socket } = client;
  client.send({ type: 'filter', filter: { event: { name: [name] } }, backfill: false });
  socket.on('message', (data: Buffer) => {
    const { event } = JSON.parse(data.toString());
    if (event !== undefined) counter.take(event.payload.id);
  });
  let stalled: NodeJS.Timeout | undefined;
  return {
    ...counter,
    stall() {
      socket.pause();
      stalled = setInterval(() => socket.pong(), 2000);
    },
    resume() {
      clearInterval(stalled);
      socket.resume();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(stalled);
      client[Symbol.dispose]();
    },
  };
}

/** Emits further events in batches of 1,000, numbered consecutively. */
function emissionTo(server: InspectedServer): { emit(count: number): Promise<void> } {
  let emitted = 0;
  const query = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }';
  return {
    async emit(count) {
      for (const end = emitted + count; emitted < end; emitted += 1000) {
        const input = Array.from({ length: 1000 }, (_, n) => ({
          id: idOf(emitted + n),
          event: name,
          resource: { id: 'r' },
          payload: { id: idOf(emitted + n) },
        }));
        expect(await post(server.url, query, { input })).toMatchObject({ data: { emitEvents: { created: 1000 } } });
      }
    },
  };
}
