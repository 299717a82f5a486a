import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * A persistent connection that posts one body after the other. It does little work, since it shares
 * the machine. Connects again after a pause, since servers close idle connections.
 */
export interface LeanPoster extends Disposable {
  /**
   * Posts JSON to the path of the URL, /graphql if it has none, and resolves with the response body.
   * Throws unless the status is 200.
   */
  post(body: string): Promise<string>;
}

export async function openLeanPoster(url: string, authorization?: string): Promise<LeanPoster> {
  const { hostname, port, pathname } = new URL(url);
  const authorizationLine = authorization === undefined ? '' : `authorization: ${authorization}\r\n`;
  const head = `POST ${pathname === '/' ? '/graphql' : pathname} HTTP/1.1\r\nhost: ${hostname}\r\n${authorizationLine}content-type: application/json\r\ncontent-length: `;
  const open = (): Promise<Connection> => openConnection({ host: hostname, port: Number(port) });
  let connection = await open();
  let usedAt = performance.now();
  return {
    async post(body) {
      if (performance.now() - usedAt > maxIdleMs) {
        connection.socket.destroy();
        connection = await open();
      }
      const response = await connection.send(`${head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
      usedAt = performance.now();
      return response;
    },
    [Symbol.dispose]() {
      connection.socket.destroy();
    },
  };
}

interface Connection {
  readonly socket: Socket;
  /** Sends a request, and resolves with the body of its response. */
  send(request: string): Promise<string>;
}

async function openConnection(server: { readonly host: string; readonly port: number }): Promise<Connection> {
  const socket = connect({ ...server, noDelay: true });
  await once(socket, 'connect');
  let arrived: Buffer = Buffer.alloc(0);
  let pending: { resolve: (body: string) => void; reject: (error: Error) => void } | null = null;
  socket.on('data', (chunk: Buffer) => {
    arrived = arrived.length === 0 ? chunk : Buffer.concat([arrived, chunk]);
    const end = arrived.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = arrived.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
    if (!head.startsWith('HTTP/1.1 200') || Number.isNaN(length)) return pending?.reject(new Error(arrived.toString()));
    if (arrived.length < end + 4 + length) return;
    const body = arrived.toString('utf8', end + 4, end + 4 + length);
    arrived = arrived.subarray(end + 4 + length);
    pending?.resolve(body);
  });
  socket.on('error', (error) => pending?.reject(error));
  socket.on('close', () => pending?.reject(new Error('the connection was closed')));
  return {
    socket,
    send(request) {
      const sent = new Promise<string>((resolve, reject) => (pending = { resolve, reject }));
      socket.write(request);
      return sent;
    },
  };
}

/** Less than the 5 s of idle time after which Node's servers close a connection. */
const maxIdleMs = 4000;
