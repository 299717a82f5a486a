import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import postgres from 'postgres';
import { processorSeconds } from '../../load.ts';
import { openLeanPoster, type LeanPoster } from '../../load/lean-post.ts';
import type { BenchEvent } from '../../load/emitting.ts';
import { createPlainTable, insertPlain } from '../plain-table.ts';
import { installPostGraphile, startPostGraphile } from '../postgraphile.ts';
import { subscribeGraphql } from './subscribing.ts';
import { startMeasuredPostgres, type Emitter, type Peer } from './peer.ts';

/**
 * PostGraphile over the plain table without trigrams. Subscriptions are as in its documentation: a
 * trigger notifies of the row, which each subscription then reads. The trigger is created with the
 * first subscription, since it would slow down emitting alone.
 */
export async function startPostGraphilePeer(): Promise<Peer | null> {
  const folder = await installPostGraphile();
  if (folder === null) return null;
  await using starting = new AsyncDisposableStack();
  const database = starting.use(await startMeasuredPostgres());
  const databaseUrl = database.url('postgres');
  await createPlainTable(databaseUrl, { events: 0, trigrams: false });
  const server = starting.use(await startPostGraphile(folder, databaseUrl));
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  starting.defer(() => sql.end());
  const parts = starting.move();
  return {
    name: 'PostGraphile',
    async openEmitter() {
      return emitterOf(await openLeanPoster(server.url));
    },
    async subscribe(plan) {
      await sql.unsafe(announcing);
      return subscribeGraphql(server.url, plan, (_socket, thing) => ({
        query: `subscription ($topic: String!) { eventCreated(topic: $topic) { event { ${fields} } } }`,
        variables: { topic: thing ?? 'events' },
      }));
    },
    resume: {
      async pages(count) {
        using poster = await openLeanPoster(server.url);
        let after: string | null = null;
        let read = 0;
        while (read < count) {
          const body: string = JSON.stringify({
            query: `query ($after: Cursor) {
              allEvents(first: 1000, after: $after, orderBy: [POSITION_ASC]) { nodes { ${fields} } pageInfo { endCursor } } }`,
            variables: { after },
          });
          const { allEvents }: { allEvents: Page } = JSON.parse(await poster.post(body)).data;
          if (allEvents.nodes.length === 0) break;
          read += allEvents.nodes.length;
          after = allEvents.pageInfo.endCursor;
        }
        return read;
      },
    },
    fill: (events) => insertPlain(sql, events),
    processorSeconds: () => processorSeconds(server.pid) + database.processorSeconds(),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

interface Page {
  readonly nodes: readonly object[];
  readonly pageInfo: { readonly endCursor: string };
}

/** One mutation for each event; those of a batch are one request. */
function emitterOf(poster: LeanPoster): Emitter {
  return {
    async emit(events) {
      const parameters = events.map((_, n) => `$e${n}: EventInput!`).join(', ');
      const mutations = events.map((_, n) => `e${n}: createEvent(input: { event: $e${n} }) { clientMutationId }`).join(' ');
      const variables = Object.fromEntries(events.map((event, n) => [`e${n}`, rowOf(event)]));
      const answer = await poster.post(JSON.stringify({ query: `mutation (${parameters}) { ${mutations} }`, variables }));
      if (answer.includes('"errors"')) throw new Error(answer.slice(0, 500));
    },
    [Symbol.dispose]: () => poster[Symbol.dispose](),
  };
}

function rowOf({ id, occurred, event, resource, related = [], payload }: BenchEvent): object {
  return {
    rowId: id,
    occurred: occurred ?? new Date().toISOString(),
    event,
    resourceId: resource.id,
    labels: resource.labels ?? {},
    related,
    payload: payload ?? {},
  };
}

const fields = 'rowId occurred event resourceId payload';

const announcing = `
  create or replace function peer.announce() returns trigger language plpgsql as $$
    begin
      perform pg_notify(
        case when new.resource_id like 'bench.thing.%' then substr(new.resource_id, 7) else 'events' end,
        json_build_object('position', new.position)::text
      );
      return new;
    end $$;
  create or replace trigger announce after insert on peer.events for each row execute function peer.announce()`;
