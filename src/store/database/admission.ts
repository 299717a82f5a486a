import { cancelledError } from './database-errors.ts';

/** Who waits for a connection. */
export interface Turn {
  /** Equal for reads that share one turn (transport/client.ts); null: not a read. */
  readonly client: string | null;
  /** Aborts when the statement is no longer needed. */
  readonly signal?: AbortSignal;
}

/**
 * Decides which statement runs next. Clients read as much as they like; storing events, the head of
 * the log, notifications and keys must not wait for them.
 *
 * Assumes: after an `enter` that resolved, `leave` is called once, with the same turn.
 * Guarantees:
 * - At most `capacity` statements run at once, at most `maxReads(capacity)` of them reads.
 * - A statement that is not a read comes before all reads, in the order of the calls. But while no read runs, one
 *   begins after `maxOthersInARow` such statements, so that steady writes do not exclude reads.
 * - Reads take turns: the next one is of the client that has the fewest running, of these the one
 *   that came or was served least recently. Reads of one client run in the order of their calls.
 * - A statement whose signal aborts while it waits never runs; `enter` throws CANCELLED.
 */
export class Admission {
  private readonly others = new Set<() => void>();
  /** The clients that have a running or waiting read, the one served last at the end. */
  private readonly clients = new Map<string, ClientReads>();
  private running = 0;
  private runningReads = 0;
  /** The statements that are not reads since the last read began. */
  private othersInARow = 0;

  /** `capacity`: the number of statements that can run now. */
  constructor(private readonly capacity: () => number) {}

  async enter({ client, signal }: Turn): Promise<void> {
    if (signal?.aborted === true) throw cancelledError();
    const queue = client === null ? this.others : this.readsOf(client).waiting;
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', withdraw);
        resolve();
      };
      const withdraw = (): void => {
        queue.delete(start);
        if (client !== null) this.forgetIfIdle(client);
        reject(cancelledError());
      };
      signal?.addEventListener('abort', withdraw);
      queue.add(start);
      this.admit();
    });
  }

  leave({ client }: Turn): void {
    this.running -= 1;
    if (client !== null) {
      this.runningReads -= 1;
      this.readsOf(client).running -= 1;
      this.forgetIfIdle(client);
    }
    this.admit();
  }

  private admit(): void {
    for (let start = this.takeNext(); start !== undefined; start = this.takeNext()) start();
  }

  private takeNext(): (() => void) | undefined {
    const capacity = this.capacity();
    if (this.running >= capacity) return undefined;
    const isReadDue = this.runningReads === 0 && this.othersInARow >= maxOthersInARow;
    const start =
      (isReadDue ? this.takeRead() : undefined) ??
      this.takeOther() ??
      (this.runningReads < maxReads(capacity) ? this.takeRead() : undefined);
    if (start !== undefined) this.running += 1;
    return start;
  }

  private takeOther(): (() => void) | undefined {
    const start = takeFirst(this.others);
    if (start !== undefined) this.othersInARow += 1;
    return start;
  }

  private takeRead(): (() => void) | undefined {
    let next: { readonly client: string; readonly reads: ClientReads } | undefined;
    for (const [client, reads] of this.clients) {
      if (reads.waiting.size > 0 && reads.running < (next?.reads.running ?? Infinity)) next = { client, reads };
    }
    if (next === undefined) return undefined;
    this.clients.delete(next.client);
    this.clients.set(next.client, next.reads);
    next.reads.running += 1;
    this.runningReads += 1;
    this.othersInARow = 0;
    return takeFirst(next.reads.waiting);
  }

  private readsOf(client: string): ClientReads {
    const reads = this.clients.get(client) ?? { running: 0, waiting: new Set() };
    this.clients.set(client, reads);
    return reads;
  }

  private forgetIfIdle(client: string): void {
    const reads = this.clients.get(client);
    if (reads?.running === 0 && reads.waiting.size === 0) this.clients.delete(client);
  }
}

interface ClientReads {
  running: number;
  readonly waiting: Set<() => void>;
}

function takeFirst<T>(set: Set<T>): T | undefined {
  const [first] = set;
  if (first !== undefined) set.delete(first);
  return first;
}

/**
 * The number of connections that reads can take together. A third keeps a database of two
 * processors quick: with three of ten, emitting an event under 50 expensive reads takes at most
 * twice as long as without, with six it takes four times as long; and no more reads are done.
 */
export function maxReads(connections: number): number {
  return Math.max(1, Math.floor(connections / 3));
}

/** Three of four statements of a single connection. */
const maxOthersInARow = 3;

/** The number of connections that one operation can take at a time: not all that reads can. */
export function maxReadsPerOperation(connections: number): number {
  return Math.ceil(maxReads(connections) / 2);
}
