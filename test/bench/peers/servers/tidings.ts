import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { send, processorSeconds } from '../../load.ts';
import { openLeanPoster } from '../../load/lean-post.ts';
import { startProcess } from '../../../support/process.ts';
import { once } from 'node:events';
import { subscribeGraphql } from './subscribing.ts';
import { startMeasuredPostgres, type Emitter, type Peer } from './peer.ts';

/** Tidings as built, with default settings. */
export async function startTidings(): Promise<Peer> {
  await using starting = new AsyncDisposableStack();
  const database = starting.use(await startMeasuredPostgres());
  const { url, child } = await startProcess({ DATABASE_URL: database.url('postgres') });
  starting.defer(async () => {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  });
  const origin = await headOf(url);
  const openEmitter = async (): Promise<Emitter> => {
    const poster = await openLeanPoster(url);
    return {
      emit: async (events) =>
        void (await send(
          poster,
          events.map((event) => JSON.stringify(event)),
        )),
      [Symbol.dispose]: () => poster[Symbol.dispose](),
    };
  };
  const parts = starting.move();
  return {
    name: 'Tidings',
    openEmitter,
    subscribe: (plan) =>
      subscribeGraphql(url, plan, (socket, thing) => ({
        query: `subscription ($filter: EventFilter) { events(filter: $filter) { ${fields} } }`,
        // A filter of its own for each subscription to a thing.
        variables: { filter: thing === null ? null : { resource: { id: { in: [`bench.${thing}`, `other.${thing}.${socket}`] } } } },
      })),
    resume: {
      events: (count) => followed(url, `subscription { events(after: "${origin}") { cursor ${fields} } }`, count),
      eventStream: (count) =>
        followed(url, `subscription { eventStream(after: "${origin}") { ... on EventBatch { events { ${fields} } } } }`, count),
    },
    async fill(events) {
      using emitter = await openEmitter();
      for (let at = 0; at < events.length; at += 1000) await emitter.emit(events.slice(at, at + 1000));
    },
    processorSeconds: () => processorSeconds(child.pid!) + database.processorSeconds(),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

const fields = 'id occurred event resource { resourceId } payload';

async function headOf(url: string): Promise<string> {
  using poster = await openLeanPoster(url);
  return JSON.parse(await poster.post('{"query":"{ head }"}')).data.head;
}

/** Follows a stock client's subscription until so many events have arrived. */
async function followed(url: string, query: string, count: number): Promise<number> {
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
  let arrived = 0;
  try {
    for await (const { data, errors } of client.iterate<{ events?: object; eventStream?: { events?: readonly object[] } }>({ query })) {
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      arrived += data?.events === undefined ? (data?.eventStream?.events?.length ?? 0) : 1;
      if (arrived >= count) break;
    }
    return arrived;
  } finally {
    await client.dispose();
  }
}
