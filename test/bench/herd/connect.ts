// Measures what a server does while thousands of clients connect at once, as after a restart: when
// all of them are subscribed, the longest turns of the event loop (in processor time), and what a
// subscriber and a client over HTTP that were there before notice of it. Needs the build, and
// `ulimit -n` above the number of clients:
//   npx tsx test/bench/herd/connect.ts [--embedded] [--clients 9000] [--transport ws|burst|sse|idle]
//     [--profiles FOLDER]
// In a burst, all connect before they request their upgrade. Every client has a filter of its own and
// a key. After the herd, each must receive one event. Then all disconnect at once.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../../src/package-info.ts';
import { adminKey, makeKey } from '../../support/keys.ts';
import { printMachine, quantile } from '../load/program.ts';
import { startDatabases, startServer } from '../load/servers.ts';

const { values } = parseArgs({
  options: {
    embedded: { type: 'boolean', default: false },
    clients: { type: 'string', default: '9000' },
    transport: { type: 'string', default: 'ws' },
    profiles: { type: 'string' },
  },
});
const clients = Number(values.clients);
printMachine();
await using databases = await startDatabases(values.embedded ? 'embedded' : 'postgres');
await using server = await startServer('Tidings', {
  environment: { ...(await databases.fresh()), TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_CONNECTIONS: '20000' },
  nodeFlags: [
    ...(values.profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profiles}`]),
    '--import',
    join(packageRoot, 'test', 'support', 'event-loop', 'probe.js'),
  ],
});
const { bearer: key } = await makeKey(server.url, { permissions: ['EMIT', 'READ'] });
const metric = async (name: string): Promise<number> => {
  const headers = { authorization: `Bearer ${adminKey}`, connection: 'close' };
  const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
};
// One connection: another one would wait in the queue of the system behind the herd.
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const emit = async (event: string, id: string): Promise<void> => {
  const query = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }';
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key.secret}` };
  const sent = request(`${server.url}/graphql`, { agent, method: 'POST', headers });
  sent.end(JSON.stringify({ query, variables: { input: [{ id, event, resource: { id: 'herd' } }] } }));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const text = (await response.toArray()).join('');
  if (!text.includes('"created":1')) throw new Error(`expected an event to be created, got ${text}`);
};

// Those that were there before.
const sentAt = new Map<string, number>();
const delays: number[] = [];
const follower = key.socket();
const followed = follower.iterate<any>({ query: 'subscription { events(filter: {event: {in: ["herd.tick"]}}) { id } }' });
void (async () => {
  for await (const { data } of followed) delays.push(performance.now() - sentAt.get(data.events.id)!);
})();
while ((await metric('tidings_subscriptions')) < 1) await pause(20);

const child = fork(join(import.meta.dirname, 'clients.ts'), [], { execArgv: ['--import', 'tsx'] });
await once(child, 'message');
const turns: number[] = [];
const stopping = new AbortController();
const longestTurn = async (): Promise<number> => (await server.request('longest turn')) as number;
const watching = (async () => {
  await longestTurn();
  while (!stopping.signal.aborted) {
    await pause(50);
    turns.push(await longestTurn());
  }
})();
let ticks = 0;
const requests: number[] = [];
const ticking = (async () => {
  for (; !stopping.signal.aborted; await pause(100)) {
    const id = `tick-${(ticks += 1)}`;
    const began = performance.now();
    sentAt.set(id, began);
    await emit('herd.tick', id);
    requests.push(performance.now() - began);
  }
})();
await pause(1000);
const before = { cpuMs: server.cpuMs(), delays: delays.length, requests: requests.length, turns: turns.length };
const began = performance.now();
child.send({ url: server.url, clients, transport: values.transport, secret: key.secret });
const ready = once(child, 'message');
const name = values.transport === 'idle' ? 'tidings_unauthenticated_connections' : 'tidings_subscriptions';
const wanted = clients + (values.transport === 'idle' ? 0 : 1);
let open = 0;
while ((open = await metric(name)) < wanted && performance.now() - began < 120_000) await pause(100);
const liveMs = performance.now() - began;
const cpuMs = server.cpuMs() - before.cpuMs;
const [accepted] = (await Promise.race([ready, pause(10_000, [null])])) as [
  { readonly acknowledgedMs: readonly number[]; readonly failures: number } | null,
];
const seen = (all: readonly number[], from: number): object => {
  const list = all.slice(from);
  return { p50: Math.round(quantile(list, 0.5)), p99: Math.round(quantile(list, 0.99)), max: Math.round(Math.max(...list)) };
};
const turnsFrom = (from: number): object => {
  const list = turns.slice(from);
  const over = (ms: number): number => list.filter((each) => each > ms).length;
  return { longest: Math.round(Math.max(...list)), over50: over(50), over100: over(100) };
};
console.log({
  open,
  liveSeconds: (liveMs / 1000).toFixed(1),
  serverCpuSeconds: (cpuMs / 1000).toFixed(1),
  acknowledgedMs: accepted === null ? null : seen(accepted.acknowledgedMs, 0),
  failures: accepted?.failures,
  turnMs: turnsFrom(before.turns),
  eventToSubscriberMs: seen(delays, before.delays),
  emissionMs: seen(requests, before.requests),
});
if (values.transport !== 'idle') {
  const received = once(child, 'message');
  await emit('herd.done', 'done');
  console.log('received the event:', (await received)[0]);
}
const connected = { turns: turns.length, delays: delays.length };
child.kill('SIGKILL');
while ((await metric(name)) > wanted - clients) await pause(100);
console.log({ disconnected: 'all', turnMs: turnsFrom(connected.turns), eventToSubscriberMs: seen(delays, connected.delays) });
stopping.abort();
await Promise.all([watching, ticking]);
agent.destroy();
await follower.dispose();
