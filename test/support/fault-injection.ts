import { once } from 'node:events';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { startFlakyProxy, type FlakyProxy } from './database/flaky-proxy.ts';
import { startProcess, type ServerProcess } from './process.ts';
import type { ExampleClient, StartClient } from './example-clients.ts';
import { newDatabase, onPostgres, post } from './test-server.ts';

/** A failure of a connection or its server, as clients observe it. */
export type Fault = keyof typeof faults;

interface FaultContext {
  readonly proxy: FlakyProxy;
  readonly clients: readonly ExampleClient[];
  readonly server: ServerProcess;
  /** Starts another server on the same database. The proxy does not route to it yet. */
  readonly start: (port?: string) => Promise<ServerProcess>;
}

/** Each returns the server that runs afterwards. */
const faults = {
  async 'the connection is cut in the middle of messages'({ proxy, clients, server }: FaultContext) {
    proxy.cutAfter(2000);
    await expect.poll(() => proxy.cuts(), pollOptions).toBeGreaterThanOrEqual(4 * clients.length);
    proxy.cutAfter(Infinity);
    return server;
  },
  async 'the server is killed and starts again on its port'({ server, start }: FaultContext) {
    await terminate(server, 'SIGKILL');
    return start(new URL(server.url).port);
  },
  async 'the server is killed and another process replaces it'({ proxy, server, start }: FaultContext) {
    await terminate(server, 'SIGKILL');
    const next = await start();
    proxy.routeTo(next.url);
    return next;
  },
  async 'the server shuts down and another one continues'({ proxy, server, start }: FaultContext) {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const closed = once(socket, 'close');
    await once(socket, 'open');
    // The embedded database serves one process at a time.
    const replacement = onPostgres ? await start() : null;
    if (replacement !== null) proxy.routeTo(replacement.url);
    expect(await terminate(server, 'SIGTERM')).toBe(0);
    expect((await closed)[0]).toBe(1001);
    const next = replacement ?? (await start());
    proxy.routeTo(next.url);
    return next;
  },
};

export const allFaults = Object.keys(faults) as Fault[];

/**
 * Injects a fault while events are emitted without a pause. Expects each client to print every
 * event once, in log order.
 */
export async function surviveFault(fault: Fault, starters: readonly StartClient[]): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const { environment } = stack.use(await newDatabase());
  const start = async (port = '0'): Promise<ServerProcess> => {
    const started = await startProcess({ ...environment, PORT: port });
    stack.defer(async () => void (await terminate(started, 'SIGKILL')));
    return started;
  };
  let server = await start();
  const proxy = stack.use(await startFlakyProxy(server.url));
  const { head } = (await post(server.url, '{ head }')).data;
  const clients = starters.map((starter) => stack.use(starter({ port: proxy.port, cursor: head })));

  const emission: Emission = { url: () => server.url, stopped: false };
  const emitting = emit(emission);
  try {
    for (const { name, printed } of clients)
      await expect.poll(() => printed().length, { ...pollOptions, message: name }).toBeGreaterThan(3);
    server = await faults[fault]({ proxy, clients, server, start });
    // More events are delivered after the fault.
    await expect.poll(async () => (await namesAfter(server.url, head)).length, pollOptions).toBeGreaterThan(20);
  } finally {
    emission.stopped = true;
    await emitting;
  }
  await emitOne({ ...emission, stopped: false }, 'the.end');
  const expected = await namesAfter(server.url, head);
  for (const { name, printed } of clients) {
    await expect.poll(() => printed().at(-1), { ...pollOptions, message: name }).toBe('the.end');
    expect(printed(), name).toEqual(expected);
  }
}

interface Emission {
  readonly url: () => string;
  stopped: boolean;
}

/** Emits one event after the other, each repeated until a server acknowledges it. */
async function emit(emission: Emission): Promise<void> {
  for (let n = 0; !emission.stopped; n += 1) await emitOne(emission, `event.${n}`);
}

async function emitOne(emission: Emission, name: string): Promise<void> {
  const query = 'mutation ($input: EventInput!) { emitEvent(input: $input) { event { id } } }';
  const input = { id: name, event: name, resource: { id: 'r' } };
  while (!emission.stopped) {
    const response = await post(emission.url(), query, { input }).catch(() => null);
    if (response?.data?.emitEvent?.event) return;
    await new Promise((resolve) => setTimeout(resolve, 20)); // no server runs now
  }
}

async function namesAfter(url: string, cursor: string): Promise<string[]> {
  const query =
    'query ($after: Cursor) { events(order: LOG, first: 1000, after: $after) { nodes { event } pageInfo { hasNextPage endCursor } } }';
  const names: string[] = [];
  for (let after = cursor, more = true; more;) {
    const { events } = (await post(url, query, { after })).data;
    names.push(...events.nodes.map((node: { event: string }) => node.event));
    [after, more] = [events.pageInfo.endCursor, events.pageInfo.hasNextPage];
  }
  return names;
}

async function terminate({ child }: ServerProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  return (await exit)[0] as number | null;
}

const pollOptions = { timeout: 40_000, interval: 50 };
