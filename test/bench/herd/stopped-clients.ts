// Measures what a server keeps for clients that stop reading: their sockets stay open and accept no
// more bytes. Needs the build:
//   npx tsx test/bench/herd/stopped-clients.ts [--embedded] [--clients 50] [--only text]
// Prints KB per client after garbage collection, once all are served as far as they accept, and again
// after `--wait` seconds (3): `heap` is V8's heap and external buffers, `rss` the resident memory. In
// `own` cases every client has an operation of its own, so nothing is shared.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openRaw } from '../../support/protocols/raw-socket.ts';
import { batchOf, startEmitting } from '../load/emitting.ts';
import { printMachine } from '../load/program.ts';
import { startDatabases, startServer, type Memory, type Server } from '../load/servers.ts';

const { values } = parseArgs({
  options: {
    embedded: { type: 'boolean', default: false },
    clients: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
    wait: { type: 'string', default: '3' },
  },
});
const clients = Number(values.clients);
const events = 600;
const payload = { text: 'x'.repeat(20_000) };

interface Request {
  readonly query: string;
  readonly variables?: object;
}

type Open = (server: Server, request: Request) => Promise<Disposable>;

const overWebSocket: Open = async ({ url }, request) => {
  const raw = await openRaw(url);
  raw.socket.pause();
  raw.send({ id: '1', type: 'subscribe', payload: request });
  return raw;
};

const overHttp =
  (accept: string): Open =>
  async ({ url }, request) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    const body = JSON.stringify(request);
    const head = ['POST /graphql HTTP/1.1', 'host: localhost', 'content-type: application/json', `accept: ${accept}`];
    socket.pause().write([...head, `content-length: ${body.length}`, '', body].join('\r\n'));
    return { [Symbol.dispose]: () => void socket.destroy() };
  };

const subscriptionTransports = { WebSocket: overWebSocket, SSE: overHttp('text/event-stream') };
const operations: Readonly<Record<string, (after: string, n: string) => Request>> = {
  events: (after, n) => ({ query: `subscription Q${n}($after: Cursor) { events(after: $after) { payload } }`, variables: { after } }),
  eventStream: (after, n) => ({
    query: `subscription Q${n}($after: Cursor) { eventStream(after: $after) { ... on EventBatch { events { payload } } } }`,
    variables: { after },
  }),
  eventCounts: (_after, n) => ({
    query: `subscription Q${n} { eventCounts(by: [{resource: {}}, {time: {unit: SECOND}}], intervalMs: 50) { kind buckets { key { resourceId } count } } }`,
  }),
};

await using databases = await startDatabases(values.embedded ? 'embedded' : 'postgres');
printMachine();
console.log(databases.version);
const rows: object[] = [];
for (const [transport, open] of Object.entries(subscriptionTransports)) {
  for (const [name, operation] of Object.entries(operations)) {
    for (const shares of ['', ' own']) {
      for (const when of name === 'eventCounts' ? ['live'] : ['catch-up', 'live']) {
        const requests = (after: string): Request[] =>
          Array.from({ length: clients }, (_, n) => operation(after, shares === '' ? '' : String(n)));
        await measure(`${name}${shares} ${when} ${transport}`, open, { requests, isLive: when === 'live' });
      }
    }
  }
}
const pages = (): Request[] => Array.from({ length: clients }, () => ({ query: '{ events(first: 1000) { nodes { payload } } }' }));
await measure('page of 20 MB HTTP', overHttp('application/json'), { requests: pages, isLive: false });
await measure('page of 20 MB WebSocket', overWebSocket, { requests: pages, isLive: false });
console.table(rows);

interface Case {
  readonly requests: (after: string) => readonly Request[];
  /** Whether the events are emitted when the clients are there, else before. */
  readonly isLive: boolean;
}

async function measure(name: string, open: Open, { requests, isLive }: Case): Promise<void> {
  if (!name.includes(values.only)) return;
  await using server = await startServer('Tidings', { environment: await databases.fresh(), measured: true });
  const emit = async (count: number): Promise<void> => {
    using emitting = startEmitting(server.url, { kept: 0 });
    for (let from = 0; from < count; from += 50) {
      const batch = Array.from({ length: 50 }, (_, n) => ({ event: 'acme.large', resource: { id: `r-${n}` }, payload }));
      await emitting.emit(batchOf(batch as never));
    }
  };
  const head = async (): Promise<string> => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ query: '{ head }' }),
    });
    return ((await response.json()) as { data: { head: string } }).data.head;
  };
  const beginning = await head();
  // Fills the tail buffer, with the text of the events that a client has read: live ones keep that too.
  using reader = await openRaw(server.url);
  reader.send({ id: '1', type: 'subscribe', payload: { query: 'subscription { events { payload } }' } });
  await reader.settled();
  await emit(4 * events);
  const after = isLive ? await head() : beginning;
  await pause(1000);
  const before = await server.memory();
  const opened = await Promise.all(requests(after).map((request) => open(server, request)));
  if (isLive) {
    await pause(1500);
    await emit(events);
  }
  const served = await settled(server);
  await pause(Number(values.wait) * 1000);
  const later = await server.memory();
  const row = { case: name, ...difference(before, served, ''), ...difference(before, later, ' later') };
  rows.push(row);
  console.log(row);
  for (const each of opened) each[Symbol.dispose]();
}

function difference(before: Memory, after: Memory, when: string): object {
  const each = (of: (memory: Memory) => number): number => Math.round((of(after) - of(before)) / clients / 1000);
  return { [`heap KB${when}`]: each(({ heapUsed, external }) => heapUsed + external), [`rss KB${when}`]: each(({ rss }) => rss) };
}

/** The memory once it grows no further. */
async function settled(server: Server): Promise<Memory> {
  for (let last = 0; ;) {
    await pause(500);
    const memory = await server.memory();
    const now = memory.heapUsed + memory.external;
    if (Math.abs(now - last) < 500_000) return memory;
    last = now;
  }
}
