import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws'; // Node 20 has no global WebSocket
import { resume } from './resume.mjs';

export const client = resume(
  createClient({
    url: 'ws://127.0.0.1:4000/graphql',
    webSocketImpl: WebSocket,
    // connectionParams: { authorization: 'Bearer <key>' },
    retryAttempts: Infinity,
    shouldRetry: () => true, // also when the connection is rejected, for example during a restart
    // The default wait doubles without a limit.
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 500 + 1000 * Math.random())),
  }),
);
