import { setTimeout as pause } from 'node:timers/promises';
import { openLeanSocket, type LeanSocket } from './lean-socket.ts';

/** Open subscriptions on some sockets. */
export interface Subscribers extends Disposable {
  /** Messages received by each subscription. */
  readonly counts: Uint32Array;
  /** Messages received by all subscriptions. */
  readonly total: number;
  /**
   * Opens further subscriptions, distributed over the sockets. Resolves once the server has them
   * all.
   */
  open(operations: readonly Operation[]): Promise<void>;
  /** Completes all subscriptions. Resolves once the server has none. */
  completeAll(): Promise<void>;
}

export interface Operation {
  readonly query: string;
  readonly variables?: object;
}

export interface SubscriberPlan {
  readonly url: string;
  readonly sockets: number;
  /**
   * Receives every `next` message and the number of its subscription. The bytes are valid only
   * during the call.
   */
  readonly onNext?: (subscription: number, chunk: Buffer, start: number, end: number) => void;
}

/**
 * Opens the sockets, without subscriptions. Operations are numbered over all sockets: "000000",
 * "000001".
 */
export async function openSubscribers({ url, sockets: count, onNext }: SubscriberPlan): Promise<Subscribers> {
  let counts = new Uint32Array(0);
  let total = 0;
  const onText = (chunk: Buffer, start: number, end: number): void => {
    // {"id":"000123","type":"next",…
    if (chunk[start + 2] !== letterI || chunk[start + 23] !== letterN) return unexpectedMessage(chunk.toString('utf8', start, end));
    let subscription = 0;
    for (let at = start + 7; at < start + 13; at += 1) subscription = subscription * 10 + chunk[at]! - zero;
    counts[subscription]! += 1;
    total += 1;
    onNext?.(subscription, chunk, start, end);
  };
  const sockets: LeanSocket[] = [];
  while (sockets.length < count) {
    const more = Array.from({ length: Math.min(100, count - sockets.length) }, () => openLeanSocket(url, onText));
    sockets.push(...(await Promise.all(more)));
  }
  return {
    get counts() {
      return counts;
    },
    get total() {
      return total;
    },
    async open(operations) {
      const first = counts.length;
      const before = await openOnServer(url);
      counts = Uint32Array.from({ length: first + operations.length }, (_, n) => counts[n] ?? 0);
      for (const [n, operation] of operations.entries()) {
        const message = { id: nameOf(first + n), type: 'subscribe', payload: operation };
        sockets[n % count]!.send(JSON.stringify(message));
        if (n % 5000 === 4999) await openOnServer(url, before + n - 4000);
      }
      await openOnServer(url, before + operations.length);
    },
    async completeAll() {
      for (let n = 0; n < counts.length; n += 1) sockets[n % count]!.send(JSON.stringify({ id: nameOf(n), type: 'complete' }));
      while ((await openOnServer(url)) > 0) await pause(20);
      counts = new Uint32Array(0);
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.close();
    },
  };
}

/** The number of the server's subscriptions, once it is at least this number. */
async function openOnServer(url: string, atLeast = 0): Promise<number> {
  for (const began = performance.now(); ; await pause(20)) {
    const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
    const open = Number(/^tidings_subscriptions (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
    if (open >= atLeast) return open;
    if (performance.now() - began > openTimeoutMs) throw new Error(`expected ${atLeast} subscriptions, got ${open}`);
  }
}

function unexpectedMessage(message: string): void {
  throw new Error(`expected only next messages, got ${message.slice(0, 500)}`);
}

function nameOf(n: number): string {
  return String(n).padStart(6, '0');
}

const letterI = 0x69;
const letterN = 0x6e;
const zero = 0x30;
const openTimeoutMs = 300_000;
