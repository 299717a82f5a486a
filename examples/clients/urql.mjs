// node examples/clients/urql.mjs [CURSOR]
import { Client, subscriptionExchange } from '@urql/core';
import { client } from './client.mjs';

const forwardSubscription = (payload) => ({
  subscribe: (sink) => ({ unsubscribe: client.subscribe(payload, sink) }),
});
const urql = new Client({
  url: 'http://127.0.0.1:4000/graphql',
  exchanges: [subscriptionExchange({ forwardSubscription })],
});
const query = 'subscription ($after: Cursor) { events(after: $after) { cursor event } }';
urql.subscription(query, { after: process.argv[2] }).subscribe(({ data, error, hasNext }) => {
  if (error) console.error(error);
  else if (hasNext) console.log(data.events.event); // when the subscription ends, urql repeats its last result
});
