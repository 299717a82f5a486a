import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { isObjectType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { keys } from '../../../examples/clients/urql-cache.mjs';
import { schema } from '../../../schema/index.ts';
import type { TestServer } from '../../support/test-server.ts';
import { documents, testCache, type CachingClient, type ShownEvent } from './cache-contract.ts';
import { withoutTypenames } from './typenames.ts';

describe('the cache of urql, graphcache', () => {
  testCache(open);

  test('the example lists every type without an id, as graphcache requires', () => {
    const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
    const objects = Object.values(schema.getTypeMap()).filter(isObjectType);
    const withoutId = objects.filter((type) => !type.name.startsWith('__') && !roots.has(type) && type.getFields()['id'] === undefined);
    expect(withoutId.filter(({ name }) => !(name in keys))).toEqual([]);
  });
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
