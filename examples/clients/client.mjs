import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws'; // Node 20 has no global WebSocket
import { credentials } from './credentials.mjs';
import { resume } from './resume.mjs';

export const client = resume(
  createClient({
    url: 'ws://127.0.0.1:4000/graphql',
    webSocketImpl: WebSocket,
    connectionParams: credentials,
    retryAttempts: Infinity,
    shouldRetry: () => true, // also when the connection is rejected, for example during a restart
    // The default wait doubles without a limit.
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 500 + 1000 * Math.random())),
    on: {
      // The reason of each new attempt: a wrong address looks like a server that restarts.
      error: ({ message }) => console.error('reconnecting:', message),
      closed: ({ code, reason }) => code !== 1000 && console.error('closed:', code, reason),
    },
  }),
);
