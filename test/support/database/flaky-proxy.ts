import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server that breaks when a test wants it to: TCP in, TCP out, nothing understood. */
export interface FragileProxy extends AsyncDisposable {
  readonly port: number;
  /** Where new connections lead from now on: a server's address. */
  leadTo(url: string): void;
  /** From now on a connection, also one that is open, is cut after about so many bytes of answers, wherever in a message that is. */
  cutAfter(bytes: number): void;
  /** How many connections were cut so. */
  cuts(): number;
}

export async function startProxy(url: string): Promise<FragileProxy> {
  let target = Number(new URL(url).port);
  let budget = Infinity;
  let cuts = 0;
  const open = new Set<Socket>();
  const budgets = new Set<{ left: number }>();
  // No two connections are cut at the same byte.
  const allowed = (): number => budget + 61 * cuts;
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    const upstream = createConnection(target, '127.0.0.1');
    keep(client);
    keep(upstream);
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroySoon());
    client.pipe(upstream, { end: false });
    const own = { left: allowed() };
    budgets.add(own);
    client.once('close', () => budgets.delete(own));
    const passOn = (chunk: Buffer): void => {
      if (!client.writable) return;
      if (chunk.length <= own.left) {
        own.left -= chunk.length;
        client.write(chunk);
        return;
      }
      cuts += 1;
      upstream.off('data', passOn);
      client.write(chunk.subarray(0, own.left), () => (cuts % 2 === 0 ? client.resetAndDestroy() : client.destroy()));
    };
    upstream.on('data', passOn);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (next) => (target = Number(new URL(next).port)),
    cutAfter(bytes) {
      budget = bytes;
      for (const own of budgets) own.left = allowed();
    },
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
