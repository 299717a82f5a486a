import { once } from 'node:events';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect } from 'vitest';
import { startProcess } from './process.ts';
import { listenTo, post, socketTo, type GraphQLResponse } from './test-server.ts';

/**
 * A server process that must survive failures of its database. Writers repeat a batch until it is
 * acknowledged. Subscribers, which have received an event before, never reconnect.
 */
export interface Endurance extends AsyncDisposable {
  readonly url: string;
  /** The codes of all errors that the writers have received. */
  readonly codes: ReadonlySet<string>;
  /** The number of acknowledged events. */
  acknowledged(): number;
  /** Returns the status of /readyz. */
  readiness(): Promise<number>;
  /** Returns a metric of the server. */
  metric(name: string): Promise<number>;
  /**
   * Stops the writers. Expects the log to contain each acknowledged event once, also those of
   * `otherIds`, and each subscriber to have received the log in order.
   */
  verify(otherIds?: readonly string[]): Promise<void>;
}

export async function startEndurance(environment: Readonly<Record<string, string>>): Promise<Endurance> {
  await using starting = new AsyncDisposableStack();
  const { url, child } = await startProcess({ TIDINGS_LOG_LEVEL: 'silent', ...environment });
  starting.defer(async () => {
    const exit = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await exit;
  });
  const { head } = (await post(url, '{ head }')).data;
  const client = starting.adopt(socketTo(url), (socket) => socket.dispose());
  const received = { events: [] as string[], stream: [] as string[] };
  const listening = [
    consume(listenTo(client, 'subscription ($after: Cursor) { events(after: $after) { id } }', { after: head }), (data) =>
      received.events.push(data.events.id),
    ),
    consume(listenTo(client, streaming, { after: head }), ({ eventStream }) =>
      received.stream.push(...(eventStream.events ?? []).map(({ id }: { id: string }) => id)),
    ),
  ];

  const codes = new Set<string>();
  const acknowledged = new Set<string>();
  let stopped = false;
  const write = async (writer: number): Promise<void> => {
    for (let batch = 0; !stopped; batch += 1) {
      const size = writer % 2 === 0 ? 1 : 40;
      const ids = Array.from({ length: size }, (_, n) => `w${writer}-${batch}-${n}`);
      await emitUntilAcknowledged(url, ids, codes);
      for (const id of ids) acknowledged.add(id);
    }
  };
  const writing = Array.from({ length: writers }, (_, writer) => write(writer));
  // A failure is reported when the promise is awaited.
  for (const each of [...listening, ...writing]) each.catch(() => undefined);
  // A started subscription survives the loss of its database; a subscription that starts meanwhile
  // fails.
  await expect.poll(() => Math.min(received.events.length, received.stream.length), { timeout: 20_000 }).toBeGreaterThan(0);
  const running = starting.move();
  return {
    url,
    codes,
    acknowledged: () => acknowledged.size,
    readiness: async () => (await fetch(`${url}/readyz`)).status,
    async metric(name) {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    },
    async verify(otherIds = []) {
      stopped = true;
      await Promise.all(writing);
      await emitUntilAcknowledged(url, [last], codes);
      await Promise.all(listening);
      const log = await idsAfter(url, head);
      expect(log.toSorted()).toEqual([...acknowledged, ...otherIds, last].toSorted());
      expect(received.events).toEqual(log);
      expect(received.stream).toEqual(log);
      expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      await running[Symbol.asyncDispose]();
    },
  };
}

/** Emits one batch. */
export function emit(url: string, ids: readonly string[]): Promise<GraphQLResponse> {
  const input = ids.map((id) => ({ id, event: 'some.thing', resource: { id: 'r' } }));
  return post(url, 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created duplicates } }', { input });
}

async function emitUntilAcknowledged(url: string, ids: readonly string[], codes: Set<string>): Promise<void> {
  for (;;) {
    const { data, errors } = await emit(url, ids);
    for (const { extensions } of errors ?? []) codes.add(extensions?.code);
    const { created = 0, duplicates = 0 } = data?.emitEvents ?? {};
    if (created + duplicates === ids.length) return;
    await new Promise((resolve) => setTimeout(resolve, 50)); // the database is down
  }
}

/** Reads the messages of a subscription until the last event. */
async function consume(messages: AsyncIterableIterator<any>, onData: (data: any) => void): Promise<void> {
  for await (const { data, errors } of messages) {
    if (errors !== undefined) throw new Error(JSON.stringify(errors));
    onData(data);
    if (JSON.stringify(data).includes(`"${last}"`)) return;
  }
  throw new Error('the subscription has ended');
}

async function idsAfter(url: string, cursor: string): Promise<string[]> {
  const query =
    'query ($after: Cursor) { events(order: LOG, first: 1000, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }';
  const ids: string[] = [];
  for (let after = cursor, more = true; more;) {
    const { nodes, pageInfo } = (await post(url, query, { after })).data.events;
    ids.push(...nodes.map(({ id }: { id: string }) => id));
    [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
  }
  return ids;
}

const streaming = `subscription ($after: Cursor) { eventStream(after: $after) {
  ... on EventBatch { events { id } } ... on CaughtUp { cursor } ... on FellBehind { cursor } ... on Checkpoint { cursor } ... on Gap { reason } } }`;
const last = 'the-end';
const writers = 4;
