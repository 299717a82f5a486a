import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A TCP proxy for a server that cuts connections when a test requires it. It parses no protocol.
 */
export interface FlakyProxy extends AsyncDisposable {
  readonly port: number;
  /** Routes new connections to another server. */
  routeTo(url: string): void;
  /**
   * Cuts each open and new connection after about this number of bytes from the server, at any
   * point of a message.
   */
  cutAfter(bytes: number): void;
  /** The number of connections that were cut. */
  cuts(): number;
  /** Open connections stay open and pass nothing on, as those to a machine without power. */
  freeze(): void;
  /** Reads nothing more from the server over open connections, until the returned function is called. */
  hold(): () => void;
}

export async function startFlakyProxy(url: string): Promise<FlakyProxy> {
  let target = Number(new URL(url).port);
  let budget = Infinity;
  let cuts = 0;
  const open = new Set<Socket>();
  const budgets = new Set<{ left: number }>();
  const frozen = new WeakSet<Socket>();
  const upstreams = new Set<Socket>();
  // No two connections are cut at the same byte.
  const allowed = (): number => budget + 61 * cuts;
  const track = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    const upstream = createConnection(target, '127.0.0.1');
    track(client);
    track(upstream);
    upstreams.add(upstream);
    upstream.once('close', () => upstreams.delete(upstream));
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => frozen.has(upstream) || client.destroySoon());
    client.pipe(upstream, { end: false });
    const remaining = { left: allowed() };
    budgets.add(remaining);
    client.once('close', () => budgets.delete(remaining));
    const forward = (chunk: Buffer): void => {
      if (!client.writable || frozen.has(upstream)) return;
      if (chunk.length <= remaining.left) {
        remaining.left -= chunk.length;
        client.write(chunk);
        return;
      }
      cuts += 1;
      upstream.off('data', forward);
      client.write(chunk.subarray(0, remaining.left), () => (cuts % 2 === 0 ? client.resetAndDestroy() : client.destroy()));
    };
    upstream.on('data', forward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    routeTo: (next) => (target = Number(new URL(next).port)),
    cutAfter(bytes) {
      budget = bytes;
      for (const remaining of budgets) remaining.left = allowed();
    },
    cuts: () => cuts,
    hold() {
      const held = [...upstreams];
      for (const socket of held) socket.pause();
      return () => held.forEach((socket) => socket.resume());
    },
    freeze: () => open.forEach((socket) => frozen.add(socket)),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
