import { openLeanSocket } from '../../load/lean-socket.ts';
import { eachNumber, type SubscriberPlan } from './peer.ts';

/** Opens sockets of graphql-transport-ws with one subscription for each thing, or one to all. */
export async function subscribeGraphql(
  url: string,
  { sockets: count, things, onEvent }: SubscriberPlan,
  operation: (socket: number, thing: string | null) => object,
): Promise<Disposable> {
  const sockets = await inParts(count, (socket) =>
    openLeanSocket(url, (chunk, start, end) => eachNumber(chunk, [start, end], (event) => onEvent(socket, event))),
  );
  for (const [n, socket] of sockets.entries()) {
    for (const thing of topics(things)) {
      socket.send(JSON.stringify({ id: thing ?? 'all', type: 'subscribe', payload: operation(n, thing) }));
    }
  }
  return {
    [Symbol.dispose]() {
      for (const socket of sockets) socket.close();
    },
  };
}

/** The names of things, or null, which stands for all events. */
export function topics(things: number): readonly (string | null)[] {
  return things === 0 ? [null] : Array.from({ length: things }, (_, n) => `thing.${n}`);
}

/** Opens so many connections, some at a time. */
export async function inParts<T>(count: number, open: (n: number) => Promise<T>): Promise<readonly T[]> {
  const opened: T[] = [];
  while (opened.length < count) {
    const first = opened.length;
    opened.push(...(await Promise.all(Array.from({ length: Math.min(100, count - first) }, (_, n) => open(first + n)))));
  }
  return opened;
}
