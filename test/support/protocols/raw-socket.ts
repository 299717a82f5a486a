import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';

/** A WebSocket that sends any messages, also ones that no valid client sends. */
export interface RawSocket extends Disposable {
  readonly socket: WebSocket;
  /** Number of received messages by type; errors by code. */
  readonly received: Map<string, number>;
  send(message: object): void;
  /** Sends all messages of the callback at once, in as few TCP segments as possible. */
  sendTogether(send: () => void): void;
  /** Sends a query, and resolves with its response: the server has read everything before it. */
  settled(): Promise<void>;
}

/** Opens a WebSocket, and waits for its `connection_ack`. `payload`: that of `connection_init`. */
export async function openRaw(url: string, options: ClientOptions = {}, payload?: object): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', options);
  socket.on('error', () => undefined);
  const received = new Map<string, number>();
  const responses = new Set<string>();
  socket.on('message', (data: Buffer) => {
    const { id, type, payload } = JSON.parse(data.toString());
    const kind = type === 'error' ? `error ${payload[0].extensions?.code ?? payload[0].message}` : type;
    if (type === 'next') responses.add(id);
    received.set(kind, (received.get(kind) ?? 0) + 1);
  });
  const send = (message: object): void => socket.send(JSON.stringify(message));
  /** Resolves when a message makes a condition true; rejects if the socket closes before. */
  const waitUntil = (condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.on('message', () => condition() && resolve());
      socket.once('close', (code) => reject(new Error(`the socket closed with ${code} before the server had answered`)));
    });
  await once(socket, 'open');
  const acknowledged = waitUntil(() => received.has('connection_ack'));
  send({ type: 'connection_init', payload });
  await acknowledged;
  let requests = 0;
  return {
    socket,
    received,
    send,
    sendTogether(sendMessages) {
      const { _socket: tcp } = socket as unknown as { _socket: Socket };
      tcp.cork();
      sendMessages();
      tcp.uncork();
    },
    async settled() {
      const id = `settled-${(requests += 1)}`;
      const response = waitUntil(() => responses.has(id));
      send({ id, type: 'subscribe', payload: { query: '{ head }' } });
      await response;
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}
