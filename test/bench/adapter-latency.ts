// Measures the time from sending an event to its arrival at a subscriber, on Postgres. Events are
// sent by POST or a socket, one at a time at a constant rate, and arrive on Prefect's socket or a
// GraphQL subscription. Needs the build:
//   npx tsx test/bench/adapter-latency.ts [seconds per case, 8]
// Prints milliseconds until the arrival and until the acknowledgement, by one clock.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { document, openPrefect } from '../support/protocols/prefect.ts';
import { listenTo, socketTo } from '../support/test-server.ts';
import { benchOptions, quantile } from './load/program.ts';
import { startDatabases, startServer } from './load/servers.ts';

const seconds = Number(process.argv[2] ?? 8);
const perSecond = 50;
/** The first seconds, which are not counted. */
const warmSeconds = 2;

/** `send` resolves when the event was acknowledged. */
interface Sender extends Disposable {
  readonly send: (event: { readonly id: string }) => Promise<void>;
}
type OnEvent = (id: string) => void;

const senders: Readonly<Record<string, (url: string) => Promise<Sender>>> = {
  async 'POST /api/events'(url) {
    const agent = new Agent({ keepAlive: true });
    return {
      async send(event) {
        const sent = request(`${url}/api/events`, { method: 'POST', agent, headers: { 'content-type': 'application/json' } });
        sent.end(JSON.stringify(event));
        const [response] = await once(sent, 'response');
        if (response.statusCode !== 204) throw new Error(`expected 204, got ${response.statusCode}`);
        response.resume();
        await once(response, 'end');
      },
      [Symbol.dispose]: () => agent.destroy(),
    };
  },
  async '/api/events/in'(url) {
    const client = await openPrefect(url, 'in');
    return {
      async send(event) {
        client.send(event);
        await client.settled();
      },
      [Symbol.dispose]: () => client[Symbol.dispose](),
    };
  },
};

const receivers: Readonly<Record<string, (url: string, onEvent: OnEvent) => Promise<Disposable>>> = {
  async '/api/events/out'(url, onEvent) {
    const client = await openPrefect(url, 'out');
    client.send({ type: 'filter', filter: {}, backfill: false });
    client.socket.on('message', (data: Buffer) => onEvent(JSON.parse(data.toString()).event.id));
    return client;
  },
  async 'GraphQL subscription'(url, onEvent) {
    const client = socketTo(url);
    const listen = async (): Promise<void> => {
      for await (const { data } of listenTo(client, 'subscription { events { id event resource { resourceId } } }'))
        onEvent(data.events.id);
    };
    listen().catch(() => undefined);
    return { [Symbol.dispose]: () => void client.dispose() };
  },
};

process.argv.splice(2); // benchOptions would reject the positional argument
const { database } = benchOptions(1);
await using databases = await startDatabases(database);
console.log(databases.version);
const rows: object[] = [];
for (const [inName, openIn] of Object.entries(senders)) {
  for (const [outName, openOut] of Object.entries(receivers)) {
    rows.push({ in: inName, out: outName, ...(await measure(openIn, openOut)) });
  }
}
console.table(rows);

async function measure(openIn: (typeof senders)[string], openOut: (typeof receivers)[string]) {
  await using server = await startServer('Tidings', { environment: await databases.fresh() });
  const sent = new Map<string, number>();
  const arrived = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  using _out = await openOut(server.url, (id) => arrived.set(id, performance.now()));
  using sender = await openIn(server.url);
  const emit = async (): Promise<string> => {
    const event = document('bench.thing.changed', { payload: { from: 'PENDING', to: 'RUNNING' } });
    sent.set(event.id, performance.now());
    await sender.send(event);
    acknowledged.set(event.id, performance.now());
    return event.id;
  };
  for (; arrived.size === 0; await pause(20)) await emit(); // until the subscription has started
  const pending: Promise<string>[] = [];
  const began = performance.now();
  for (let n = 0; n < seconds * perSecond; n += 1) {
    while (performance.now() < began + (n * 1000) / perSecond) await pause(1);
    pending.push(emit());
  }
  const ids = await Promise.all(pending);
  for (let waited = 0; !ids.every((id) => arrived.has(id)); waited += 1) {
    if (waited > 10_000) throw new Error('expected every event to arrive');
    await pause(1);
  }
  const counted = ids.slice(warmSeconds * perSecond);
  const since = (times: ReadonlyMap<string, number>) => counted.map((id) => times.get(id)! - sent.get(id)!);
  const quantiles = (times: ReadonlyMap<string, number>) => [0.5, 0.99].map((q) => quantile(since(times), q).toFixed(1)).join(' / ');
  return { 'arrived p50 / p99': quantiles(arrived), 'acknowledged p50 / p99': quantiles(acknowledged), events: counted.length };
}
