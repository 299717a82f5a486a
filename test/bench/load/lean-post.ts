import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * A persistent connection that posts one body after the other. It does little work, since it shares
 * the machine.
 */
export interface LeanPoster extends Disposable {
  /**
   * Posts JSON to /graphql and resolves with the response body. Throws unless the status is 200.
   */
  post(body: string): Promise<string>;
}

export async function openLeanPoster(url: string, authorization?: string): Promise<LeanPoster> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
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
  const authorizationLine = authorization === undefined ? '' : `authorization: ${authorization}\r\n`;
  const head = `POST /graphql HTTP/1.1\r\nhost: ${hostname}\r\n${authorizationLine}content-type: application/json\r\ncontent-length: `;
  return {
    post(body) {
      const sent = new Promise<string>((resolve, reject) => (pending = { resolve, reject }));
      socket.write(`${head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
      return sent;
    },
    [Symbol.dispose]() {
      socket.destroy();
    },
  };
}
