import type { Connection } from './connection.ts';
import { isConnectionLost } from './database-errors.ts';

/**
 * Connections for many callers, each of whom has one for itself at a time.
 *
 * Promises: at most `size` at once; callers get one in the order in which they came; one that broke is never used again,
 * and fails no caller but the one who had it. A database that does not let in is asked again after `restMs`, and until
 * then callers get what it said: they learn at once that it is away, however many they are.
 */
export class Pool<C extends Connection> {
  private readonly idle: C[] = [];
  private readonly waiting: (() => void)[] = [];
  private inUse = 0;
  private openFailure: { readonly error: unknown; readonly at: number } | null = null;
  private ended = false;

  constructor(
    private readonly open: () => Promise<C>,
    private readonly size: number,
  ) {}

  /** Throws what opening a connection throws, and what `work` throws. */
  async with<T>(work: (connection: C) => Promise<T>): Promise<T> {
    if (this.inUse >= this.size) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.inUse += 1;
    try {
      const connection = await this.healthyConnection();
      try {
        const result = await unlessBroken(connection, () => work(connection));
        this.release(connection);
        return result;
      } catch (error) {
        if (isConnectionLost(error)) discard(connection);
        else this.release(connection);
        throw error;
      }
    } finally {
      // Whoever waits takes over the right to a connection.
      const next = this.waiting.shift();
      if (next === undefined) this.inUse -= 1;
      else next();
    }
  }

  private async healthyConnection(): Promise<C> {
    for (let idle = this.idle.pop(); idle !== undefined; idle = this.idle.pop()) {
      if (!idle.broken.aborted) return idle;
      discard(idle);
    }
    if (this.openFailure !== null && performance.now() - this.openFailure.at < retryDelayMs) throw this.openFailure.error;
    if (this.ended) throw Object.assign(new Error('the database was closed'), { code: 'CONNECTION_ENDED' });
    try {
      const opened = await this.open();
      this.openFailure = null;
      return opened;
    } catch (error) {
      this.openFailure = { error, at: performance.now() };
      throw error;
    }
  }

  private release(connection: C): void {
    if (connection.broken.aborted || this.ended) discard(connection);
    else this.idle.push(connection);
  }

  /** Ends idle connections now, and those in use when they are given back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.ended = true;
    await Promise.all(this.idle.splice(0).map((each) => each[Symbol.asyncDispose]()));
  }
}

/**
 * Fails when the connection breaks. The driver tells those who use it, but for one who comes between the error of a socket
 * and its closing: nobody would ever answer.
 */
async function unlessBroken<T>({ broken }: Connection, work: () => Promise<T>): Promise<T> {
  let failSoon = noop;
  const failed = new Promise<never>((_, reject) => {
    // Later, so that what the driver says of the reason comes first.
    failSoon = () => void setImmediate(() => reject(Object.assign(new Error('the connection was closed'), { code: 'CONNECTION_CLOSED' })));
  });
  broken.addEventListener('abort', failSoon);
  try {
    return await Promise.race([work(), failed]);
  } finally {
    broken.removeEventListener('abort', failSoon);
  }
}

const noop = (): void => undefined;

function discard(connection: Connection): void {
  void connection[Symbol.asyncDispose]();
}

const retryDelayMs = 100;
