import { once } from 'node:events';
import { Agent, request } from 'node:http';
import postgres from 'postgres';
import { startPostgres } from '../support/database/postgres-server.ts';
import { openPrefect, type PrefectSocket } from '../support/protocols/prefect.ts';
import { startProcess } from '../support/process.ts';
import { emitted, processorSeconds } from './load.ts';
import { sampleInputs } from './load/sample-inputs.ts';
import { toDocument } from '../../src/event/document.ts';
import { draftOf } from '../unit/support/valid-event.ts';

// Measures durable events per second through each protocol and through GraphQL, on Postgres:
//   npm run build && npx tsx test/bench/adapters.ts [seconds per case, 3]
// Every case has a new database. "µs" is the server's processor time per event, without the
// database's. On Prefect's socket, a batch is its events and a ping; its time ends with the pong.
// adapter-latency.ts measures the time from one protocol to another.
const seconds = Number(process.argv[2] ?? 3);
const next = sampleInputs();

interface Adapter {
  readonly name: string;
  readonly path: string;
  readonly event: (batch: number) => string;
  readonly message: (events: readonly string[]) => { readonly body: string; readonly headers: Record<string, string> };
}

/** An event of the sample as an event document. */
function document(): Record<string, unknown> {
  const { resource, related, ...rest } = JSON.parse(next()) as any;
  const draft = draftOf({ ...rest, resource, related });
  return toDocument(draft) as Record<string, unknown>;
}

/** An event of the sample as a CloudEvent. */
function cloudEvent(): Record<string, unknown> {
  const { id, occurred, event, resource, related, payload } = document() as any;
  const { 'prefect.resource.id': subject } = resource;
  return {
    specversion: '1.0',
    id,
    source: 'https://github.example',
    type: event,
    time: occurred,
    subject,
    related: JSON.stringify(related),
    data: payload,
  };
}

function binary(events: readonly string[]) {
  const { data, ...attributes } = JSON.parse(events[0]!) as Record<string, string>;
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeURI(value)]));
  return { body: JSON.stringify(data), headers: { ...headers, 'content-type': 'application/json' } };
}

function json(type: string) {
  return (events: readonly string[]) => ({ body: `[${events.join(',')}]`, headers: { 'content-type': type } });
}

const adapters: readonly Adapter[] = [
  {
    name: '/api/events',
    path: '/api/events',
    event: () => JSON.stringify(document()),
    message: json('application/json'),
  },
  {
    name: '/cloudevents',
    path: '/cloudevents',
    event: () => JSON.stringify(cloudEvent()),
    message: (events) => (events.length === 1 ? binary(events) : json('application/cloudevents-batch+json')(events)),
  },
];

/**
 * Events acknowledged per second. Each client sends one batch after the other; the bodies are made
 * before.
 */
async function posted(url: string, adapter: Adapter, { batch, clients }: { batch: number; clients: number }, maxMessages: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const messages = Array.from({ length: maxMessages }, () => adapter.message(Array.from({ length: batch }, () => adapter.event(batch))));
  let at = 0;
  const began = performance.now();
  const client = async (): Promise<number> => {
    let events = 0;
    while (performance.now() - began < seconds * 1000 && at < messages.length) {
      const { body, headers } = messages[at++]!;
      const sent = request(`${url}${adapter.path}`, {
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      sent.end(body);
      const [response] = await once(sent, 'response');
      if (response.statusCode !== 204) throw new Error(`expected 204, got ${response.statusCode}`);
      response.resume();
      await once(response, 'end');
      events += batch;
    }
    return events;
  };
  const all = await Promise.all(Array.from({ length: clients }, client));
  const took = (performance.now() - began) / 1000;
  agent.destroy();
  const events = all.reduce((sum, each) => sum + each, 0);
  return { events, rate: events / took };
}

/** Events acknowledged per second through Prefect's socket, one socket per client. */
async function framed(url: string, { batch, clients }: { batch: number; clients: number }, maxMessages: number) {
  const messages = Array.from({ length: maxMessages }, () => Array.from({ length: batch }, () => JSON.stringify(document())));
  const sockets = await Promise.all(Array.from({ length: clients }, () => openPrefect(url, 'in')));
  let at = 0;
  const began = performance.now();
  const client = async (prefect: PrefectSocket): Promise<number> => {
    let events = 0;
    while (performance.now() - began < seconds * 1000 && at < messages.length) {
      for (const message of messages[at++]!) prefect.socket.send(message);
      await prefect.settled();
      events += batch;
    }
    return events;
  };
  const all = await Promise.all(sockets.map(client));
  const took = (performance.now() - began) / 1000;
  for (const socket of sockets) socket[Symbol.dispose]();
  const events = all.reduce((sum, each) => sum + each, 0);
  return { events, rate: events / took };
}

async function viaGraphQL(url: string, load: { batch: number; clients: number }) {
  const began = performance.now();
  const rate = await emitted({ url, ...load, seconds, next });
  return { rate, events: (rate * (performance.now() - began)) / 1000 };
}

type Sender = (url: string, load: { batch: number; clients: number }, maxMessages: number) => Promise<{ events: number; rate: number }>;
const senders: Readonly<Record<string, Sender>> = {
  ...Object.fromEntries(
    adapters.map((adapter) => [adapter.name, (url, load, maxMessages) => posted(url, adapter, load, maxMessages)] as [string, Sender]),
  ),
  '/api/events/in': framed,
  GraphQL: viaGraphQL,
};

await using server = await startPostgres();
console.log(`${server.version}: durable events/s (µs of the server an event)`);
console.log(['batch x clients', ...Object.keys(senders)].map((text) => text.padEnd(20)).join(''));
let databases = 0;
for (const load of [
  { batch: 1, clients: 1 },
  { batch: 1, clients: 64 },
  { batch: 100, clients: 8 },
  { batch: 1000, clients: 8 },
]) {
  const cells: string[] = [`${load.batch}x${load.clients}`];
  for (const sender of Object.values(senders)) {
    databases += 1;
    const name = `adapters_${databases}`;
    const admin = postgres(server.url('postgres'), { max: 1, onnotice: () => undefined });
    await admin.unsafe(`create database ${name}`);
    const { url, child } = await startProcess({ DATABASE_URL: server.url(name) });
    await emitted({ url, ...load, seconds: 1, next });
    const before = processorSeconds(child.pid!);
    const maxMessages = Math.ceil((load.batch === 1 ? 4000 * seconds : 20_000 * seconds) / load.batch);
    const { rate, events } = await sender(url, load, maxMessages);
    cells.push(`${Math.round(rate)} (${Math.round(((processorSeconds(child.pid!) - before) / events) * 1e6)})`);
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  }
  console.log(cells.map((text) => text.padEnd(20)).join(''));
}
