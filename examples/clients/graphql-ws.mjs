// node examples/clients/graphql-ws.mjs [CURSOR]
import { client } from './client.mjs';

const query = 'subscription ($after: Cursor) { events(after: $after) { cursor event } }';
client.subscribe(
  { query, variables: { after: process.argv[2] } },
  {
    next: ({ data, errors }) => (errors ? console.error(errors) : console.log(data.events.event)),
    error: console.error,
    complete() {},
  },
);
