import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { client } from './client.mjs';

const forwardSubscription = (payload) => ({
  subscribe: (sink) => ({ unsubscribe: client.subscribe(payload, sink) }),
});
const withoutId = () => null;

export const urql = new Client({
  url: 'http://127.0.0.1:4000/graphql',
  exchanges: [
    cacheExchange({
      // Objects that have no identity of their own are stored inside the object that contains them.
      keys: {
        PrimaryResource: withoutId,
        RelatedResource: withoutId,
        EventConnection: withoutId,
        EventEdge: withoutId,
        PageInfo: withoutId,
        CappedCount: withoutId,
        CountBucket: withoutId,
        EventCounts: withoutId,
        EventChain: withoutId,
      },
    }),
    fetchExchange,
    subscriptionExchange({ forwardSubscription }),
  ],
});
