// The clients of connect.ts, in a process of its own.
import { get } from 'node:http';
import { connect } from 'node:net';
import { openLeanSocket } from '../load/lean-socket.ts';

interface Plan {
  readonly url: string;
  readonly clients: number;
  readonly transport: 'ws' | 'burst' | 'sse' | 'idle';
  readonly secret: string;
}

const query = 'subscription ($filter: EventFilter) { events(filter: $filter) { id } }';
const filterOf = (n: number): object => ({ or: [{ event: { in: ['herd.done'] } }, { resource: { id: { in: [`r-${n}`] } } }] });
let failures = 0;
let received = 0;
const receive = (clients: number): void => {
  received += 1;
  if (received === clients) process.send?.({ received });
};

let connected = 0;
let allConnected: () => void = () => undefined;
const connecting = new Promise<void>((resolve) => (allConnected = resolve));

async function openSocket({ url, clients, secret, transport }: Plan, n: number): Promise<void> {
  const hello = JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${secret}` } });
  const start = async (): Promise<void> => {
    connected += 1;
    if (connected === clients) allConnected();
    await connecting;
  };
  const common = { path: '/graphql', protocol: 'graphql-transport-ws', hello, acknowledgement: 'connection_ack' };
  const dialect = { ...common, ...(transport === 'burst' && { start }) };
  const socket = await openLeanSocket(url, () => receive(clients), dialect);
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { filter: filterOf(n) } } }));
}

async function openStream({ url, clients, secret }: Plan, n: number): Promise<void> {
  const search = new URLSearchParams({ query, variables: JSON.stringify({ filter: filterOf(n) }) });
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${secret}` };
  await new Promise<void>((resolve, reject) => {
    const sent = get(`${url}/graphql?${search}`, { headers, agent: false }, (response) => {
      resolve();
      response.on('data', (chunk: Buffer) => chunk.includes('event: next') && receive(clients));
      response.on('error', () => (failures += 1));
    });
    sent.on('error', reject);
  });
}

async function openIdle({ url }: Plan): Promise<void> {
  const { hostname, port } = new URL(url);
  await new Promise<void>((resolve, reject) => {
    connect({ host: hostname, port: Number(port) }, resolve).once('error', reject);
  });
}

const open = { ws: openSocket, burst: openSocket, sse: openStream, idle: openIdle };

process.on('message', (plan: Plan) => {
  const began = performance.now();
  const acknowledgedMs: number[] = [];
  const all = Array.from({ length: plan.clients }, async (_, n) => {
    try {
      await open[plan.transport](plan, n);
      acknowledgedMs.push(performance.now() - began);
    } catch {
      failures += 1;
    }
  });
  void Promise.all(all).then(() => process.send?.({ acknowledgedMs, failures }));
});
process.on('uncaughtException', (error) => {
  failures += 1;
  console.error(error.message);
});
process.on('disconnect', () => process.exit()); // the benchmark has ended
process.send?.('ready');
