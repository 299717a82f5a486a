import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { client } from './client.mjs';

const forwardSubscription = (payload) => ({
  subscribe: (sink) => ({ unsubscribe: client.subscribe(payload, sink) }),
});

// Objects of these types have no identity of their own. They are stored inside the object that contains them.
const typesWithoutId = `
  CappedCount CaughtUp Checkpoint CountBucket CreateApiKeyPayload EmitEventsPayload EmitResult EventBatch EventChain
  EventConnection EventCounts EventCountsUpdate EventEdge EventField EventFields FailedClause FellBehind FilterExplanation
  FilterVerdict Gap Limits MatchEstimate PageInfo PrimaryResource RejectedEvent RejectedEventConnection RejectedEventEdge
  RelatedResource ResourceConnection ResourceEdge Service UserError`;

export const keys = Object.fromEntries(
  typesWithoutId.match(/\w+/g).map((type) => [type, () => null]),
);

export const urql = new Client({
  url: 'http://127.0.0.1:4000/graphql',
  exchanges: [
    cacheExchange({ keys }),
    fetchExchange,
    subscriptionExchange({ forwardSubscription }),
  ],
});
