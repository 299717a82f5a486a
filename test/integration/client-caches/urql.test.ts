import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { describe } from 'vitest';
import type { TestServer } from '../../support/test-server.ts';
import { documents, testCache, type CachingClient, type ShownEvent } from './cache-contract.ts';
import { withoutTypenames } from './typenames.ts';

// Graphcache requires this list: the types of objects that it stores inside the object that contains them.
const withoutId = (): null => null;
const keys = { EventConnection: withoutId, PrimaryResource: withoutId, RelatedResource: withoutId };

describe('the cache of urql, graphcache', () => {
  testCache(open);
});

function open(server: TestServer): CachingClient {
  const socket = server.socket();
  const client = new Client({
    url: `${server.tidings.url}/graphql`,
    exchanges: [
      cacheExchange({ keys }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (payload) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...payload, query: payload.query! }, sink as any) }),
        }),
      }),
    ],
  });
  const subscriptions: { unsubscribe(): void }[] = [];
  return {
    watchEvents: () => watch(documents.events, {}, ({ events }) => events.nodes),
    watchResource: (id) => watch(documents.resource, { id }, ({ resource }) => resource),
    listen(after) {
      const received: ShownEvent[] = [];
      subscriptions.push(
        client.subscription(documents.liveEvents, { after }).subscribe(({ data }) => {
          received.push(withoutTypenames(data.events));
        }),
      );
      return received;
    },
    async [Symbol.asyncDispose]() {
      subscriptions.forEach((each) => each.unsubscribe());
    },
  };

  function watch<Shown>(query: string, variables: object, select: (data: any) => Shown) {
    let latest: Shown | undefined;
    subscriptions.push(
      client.query(query, variables).subscribe(({ data }) => {
        latest = data === undefined ? undefined : withoutTypenames(select(data));
      }),
    );
    const refetch = async (): Promise<void> => void (await client.query(query, variables, { requestPolicy: 'network-only' }).toPromise());
    return { latest: () => latest, refetch };
  }
}
