// The upper limit: no GraphQL, no database. Encodes the payload of an event once, and calls ws for
// each subscription. With the argument `corked`, corks a socket while it sends the messages of one
// batch. Finds subscriptions to one resource by its id.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { BenchEvent } from '../load/emitting.ts';

/**
 * By resource id ('' for all events) and socket: the first bytes of each subscription's messages.
 */
const subscriptions = new Map<string, Map<WebSocket, string[]>>();
const corks = process.argv.includes('corked');
let open = 0;

function emit(events: readonly BenchEvent[]): void {
  const encoded = events.map(({ id, event, resource }) => ({
    resource: resource.id,
    text: JSON.stringify({ payload: { data: { events: { id, event, resource: { resourceId: resource.id } } } } }).slice(1),
  }));
  const corked = new Set<Socket>();
  for (const { resource, text } of encoded) {
    for (const key of ['', resource]) {
      for (const [socket, prefixes] of subscriptions.get(key) ?? []) {
        const connection = connectionOf(socket);
        if (corks && !corked.has(connection)) {
          connection.cork();
          corked.add(connection);
        }
        for (const prefix of prefixes) socket.send(prefix + text);
      }
    }
  }
  for (const connection of corked) connection.uncork();
}

function connectionOf(socket: WebSocket): Socket {
  return (socket as unknown as { readonly _socket: Socket })._socket;
}

async function handle(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { input } = (JSON.parse(Buffer.concat(chunks).toString()) as { variables: { input: BenchEvent[] } }).variables;
  emit(input);
  return `{"data":{"emitEvents":{"created":${input.length}}}}`;
}

const server = createServer((request, response) => {
  if (request.url === '/metrics') response.end(`tidings_subscriptions ${open}\n`);
  else void handle(request).then((text) => response.end(text));
});

new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    const { type, id, payload } = JSON.parse(data.toString());
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (type !== 'subscribe') return;
    for (const key of payload.variables?.filter?.resource?.id?.in ?? ['']) {
      const bySocket = subscriptions.get(key) ?? new Map<WebSocket, string[]>();
      subscriptions.set(key, bySocket.set(socket, [...(bySocket.get(socket) ?? []), `{"id":"${id}","type":"next",`]));
    }
    open += 1;
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.once('SIGTERM', () => process.exit(0));
