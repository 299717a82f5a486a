import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';

/** A client of Prefect's sockets that sends any messages. */
export interface PrefectSocket extends Disposable {
  readonly socket: WebSocket;
  /** The received messages, parsed. */
  readonly received: any[];
  send(message: unknown): void;
  /** Sends a ping, and resolves when its pong is received. */
  settled(): Promise<void>;
  /** Resolves with the first `count` messages once they are received. */
  firstMessages(count: number): Promise<any[]>;
  /** The code and the reason of the close. */
  readonly closed: Promise<readonly [number, string]>;
}

export interface OpenOptions {
  readonly token?: string | null;
  /** The first message instead of the auth message; null: none. */
  readonly first?: unknown;
  readonly protocol?: string | null;
  readonly options?: ClientOptions;
}

/** Opens a socket as Prefect's client does: a ping, then the auth message. */
export async function openPrefect(
  url: string,
  direction: 'in' | 'out' | 'in?strict=true',
  { token = null, first, protocol = 'prefect', options }: OpenOptions = {},
): Promise<PrefectSocket> {
  const address = `${url.replace('http', 'ws')}/api/events/${direction}`;
  const socket = protocol === null ? new WebSocket(address, options) : new WebSocket(address, protocol, options);
  const received: any[] = [];
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const each of waiting.splice(0)) each();
  };
  socket.on('message', (data: Buffer) => {
    received.push(JSON.parse(data.toString()));
    wake();
  });
  const closed = new Promise<readonly [number, string]>((resolve) => socket.on('close', (code, reason) => resolve([code, String(reason)])));
  socket.on('close', wake);
  socket.on('error', () => undefined);
  const waitUntil = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      if (socket.readyState === WebSocket.CLOSED) throw new Error(`the socket closed: ${(await closed).join(' ')}`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const settled = async (): Promise<void> => {
    const marker = String(Math.random());
    let settle: { resolve: () => void; reject: (error: Error) => void };
    const pong = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    const onPong = (data: Buffer): void => (String(data) === marker ? settle.resolve() : undefined);
    const fail = (): void => settle.reject(new Error('the socket closed before the pong'));
    socket.on('pong', onPong).once('close', fail);
    socket.ping(marker);
    await pong.finally(() => socket.off('pong', onPong).off('close', fail));
  };
  const send = (message: unknown): void => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  await Promise.race([once(socket, 'open').catch(() => undefined), closed]);
  if (protocol !== null && first !== null && socket.readyState === WebSocket.OPEN) {
    await settled();
    send(first ?? { type: 'auth', token });
    if (first === undefined) {
      await Promise.race([waitUntil(() => received.length > 0), closed]);
      if (received[0]?.type === 'auth_success') received.shift();
    }
  }
  return {
    socket,
    received,
    send,
    settled,
    closed,
    async firstMessages(count) {
      await waitUntil(() => received.length >= count);
      return received.slice(0, count);
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** An event document as Prefect's client sends it. */
export function document(event: string, more: object = {}): any {
  return {
    occurred: '2026-11-23T14:41:10.863461Z',
    event,
    resource: { 'prefect.resource.id': 'acme.job.7' },
    related: [],
    payload: {},
    id: crypto.randomUUID(),
    follows: null,
    ...more,
  };
}

/** Requests one of the routes under /api. */
export async function requestPrefect(
  url: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: any }> {
  const address = path.startsWith('http') ? path : `${url}/api/${path}`;
  const response = await fetch(address, {
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}
