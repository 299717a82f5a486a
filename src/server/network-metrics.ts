import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { onCollect, type Metrics } from '../metrics.ts';

/**
 * Counts the bytes of all connections, for every protocol: when the metrics are read, and when a
 * connection closes.
 */
export function countBytes(server: Server, { bytes }: Pick<Metrics, 'bytes'>): void {
  /** The bytes of each open connection that are counted already. */
  const open = new Map<Socket, { readonly in: number; readonly out: number }>();
  const count = (socket: Socket): void => {
    const before = open.get(socket) ?? { in: 0, out: 0 };
    const now = { in: socket.bytesRead, out: socket.bytesWritten };
    bytes.inc({ direction: 'in' }, Math.max(0, now.in - before.in));
    bytes.inc({ direction: 'out' }, Math.max(0, now.out - before.out));
    open.set(socket, now);
  };
  server.on('connection', (socket: Socket) => {
    open.set(socket, { in: 0, out: 0 });
    socket.once('close', () => {
      count(socket);
      open.delete(socket);
    });
  });
  onCollect(bytes, () => [...open.keys()].forEach(count));
}
