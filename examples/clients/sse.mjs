// node examples/clients/sse.mjs [CURSOR]
import { createClient } from 'graphql-sse';
import { resume } from './resume.mjs';

const client = resume(
  createClient({
    url: 'http://127.0.0.1:4000/graphql',
    // headers: { authorization: 'Bearer <key>' },
    retryAttempts: Infinity,
    retry: () => new Promise((resolve) => setTimeout(resolve, 500 + 1000 * Math.random())),
  }),
);
const query = 'subscription ($after: Cursor) { events(after: $after) { cursor event } }';
client.subscribe(
  { query, variables: { after: process.argv[2] } },
  {
    next: ({ data, errors }) => (errors ? console.error(errors) : console.log(data.events.event)),
    error: console.error,
    complete() {},
  },
);
