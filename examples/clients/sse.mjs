// node examples/clients/sse.mjs [CURSOR]
import { createClient } from 'graphql-sse';
import { credentials } from './credentials.mjs';
import { resume } from './resume.mjs';

/** The client repeats every request that is rejected. What a repetition cannot change becomes a result with errors. */
async function fetchFn(url, init) {
  const response = await fetch(url, init);
  const { status } = response;
  if (response.ok || status === 429 || status >= 500) return response;
  const message = `${status} ${await response.text()}`;
  return new Response(
    `event: next\ndata: ${JSON.stringify({ errors: [{ message }] })}\n\nevent: complete\ndata:\n\n`,
  );
}

const client = resume(
  createClient({
    url: 'http://127.0.0.1:4000/graphql',
    headers: credentials,
    fetchFn,
    retryAttempts: Infinity,
    retry: () => new Promise((resolve) => setTimeout(resolve, 500 + 1000 * Math.random())),
    on: {
      connecting: (isRetry) => isRetry && console.error('reconnecting'),
    },
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
