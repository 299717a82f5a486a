import { TidingsError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';

/** What a subscription keeps. */
export interface KeptBytes {
  /** Of this subscription alone. */
  readonly bytes: number;
  /** What the subscriptions of one client with an equal key share. It counts once. */
  readonly shared: { readonly key: string; readonly bytes: number };
}

export interface SubscriptionMemoryBounds {
  /** Of one call of `keep`. */
  readonly subscription: number;
  readonly client: number;
  /** Of all clients together. */
  readonly total: number;
}

/** The bounds for a process with this heap. */
export function subscriptionMemoryBounds(heapBytes: number): SubscriptionMemoryBounds {
  return { subscription: maxSubscriptionBytes, client: heapBytes / clientHeapDivisor, total: heapBytes / totalHeapDivisor };
}

/**
 * The memory of all open subscriptions, charged to their clients.
 *
 * Assumes: the bytes are an upper estimate (`kept-bytes.ts`).
 * Guarantees: what `keep` allows stays within the bounds, whatever the number and size of
 * subscriptions. What one client keeps leaves room for others. What is charged beyond the bounds
 * leaves no room for further subscriptions.
 * Does not guarantee: room for every client, if several use all they may.
 */
export class SubscriptionMemory {
  private readonly clients = new Map<string, ClientMemory>();
  private total = 0;

  constructor(
    private readonly bounds: SubscriptionMemoryBounds,
    private readonly metrics: Pick<Metrics, 'subscriptionBytes'>,
  ) {}

  /** Charges a client until the result is disposed, once. Throws LIMIT_EXCEEDED, and charges nothing then. */
  keep(client: string, kept: KeptBytes): Disposable {
    const { bytes, shared } = kept;
    const memory = this.clients.get(client);
    const isShared = memory?.shared.has(shared.key) === true;
    this.check(bytes + shared.bytes, bytes + (isShared ? 0 : shared.bytes), memory?.bytes ?? 0);
    return this.charge(client, kept);
  }

  /** The same without bounds, for what is kept already. */
  charge(client: string, { bytes, shared: { key, bytes: sharedBytes } }: KeptBytes): Disposable {
    const memory = this.clients.get(client) ?? { bytes: 0, shared: new Map<string, SharedPart>() };
    const shared = memory.shared.get(key) ?? { client, key, bytes: sharedBytes, users: 0 };
    if (shared.users === 0) this.change(memory, sharedBytes);
    shared.users += 1;
    memory.shared.set(key, shared);
    this.clients.set(client, memory);
    this.change(memory, bytes);
    return new Kept(this, bytes, shared);
  }

  /** Whether a client keeps more than it may, or all clients together. */
  isExceeded(client: string): boolean {
    const { bounds } = this;
    return this.total > bounds.total || (this.clients.get(client)?.bytes ?? 0) > bounds.client;
  }

  release(bytes: number, shared: SharedPart): void {
    const memory = this.clients.get(shared.client);
    if (memory === undefined) return;
    shared.users -= 1;
    this.change(memory, -bytes);
    if (shared.users > 0) return;
    this.change(memory, -shared.bytes);
    memory.shared.delete(shared.key);
    if (memory.shared.size === 0) this.clients.delete(shared.client);
  }

  private check(needed: number, added: number, clientBytes: number): void {
    const { bounds } = this;
    if (needed > bounds.subscription) {
      throw exceeded(
        `expected a subscription whose filter and document take at most ${bounds.subscription} bytes of memory, got one of about ${needed}; ` +
          'use fewer or shorter values',
      );
    }
    if (clientBytes + added > bounds.client) {
      throw exceeded(
        `expected subscriptions of one client that take at most ${Math.floor(bounds.client)} bytes of memory together, got another one of about ${added}; ` +
          'end some first, or share filters and documents among them',
        retryAfterMs,
      );
    }
    if (this.total + added > bounds.total) {
      throw exceeded(
        `expected subscriptions that take at most ${Math.floor(bounds.total)} bytes of memory on this server, got another one of about ${added}; ` +
          'subscribe later, or at another process',
        retryAfterMs,
      );
    }
  }

  private change(memory: ClientMemory, bytes: number): void {
    memory.bytes += bytes;
    this.total += bytes;
    this.metrics.subscriptionBytes.set(this.total);
  }
}

/** A class, because there may be very many, and a closure each takes more memory. */
class Kept implements Disposable {
  private isReleased = false;

  constructor(
    private readonly memory: SubscriptionMemory,
    private readonly bytes: number,
    private readonly shared: SharedPart,
  ) {}

  [Symbol.dispose](): void {
    if (!this.isReleased) this.memory.release(this.bytes, this.shared);
    this.isReleased = true;
  }
}

interface ClientMemory {
  bytes: number;
  readonly shared: Map<string, SharedPart>;
}

interface SharedPart {
  readonly client: string;
  readonly key: string;
  readonly bytes: number;
  users: number;
}

function exceeded(message: string, retryAfterMs?: number): TidingsError {
  return new TidingsError('LIMIT_EXCEEDED', message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

/** As long as for a connection beyond the limit: until other subscriptions may have ended. */
const retryAfterMs = 10_000;
/** Enough for the largest filter that is accepted. */
const maxSubscriptionBytes = 8 * 1024 * 1024;
/** The shares of the heap: responses take another eighth. */
const clientHeapDivisor = 8;
const totalHeapDivisor = 2;
