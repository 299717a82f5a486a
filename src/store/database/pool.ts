import type { Connection } from './connection.ts';
import { isConnectionLost } from './database-errors.ts';

/**
 * A pool of connections, each used by one caller at a time.
 *
 * Guarantees: at most `size` connections at once. Callers get one in the order of their calls. A
 * broken connection is not used again, and fails only the caller that used it. After a failed
 * attempt to open one, the next attempt is made `retryDelayMs` later at the earliest. Calls until
 * then throw the same error, so that any number of them fail at once. After disposal no call gets a
 * connection.
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

  /** Throws the errors of opening a connection and of `work`. */
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
      // Hand the slot over to the first waiting caller.
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
    if (this.ended) throw endedError();
    const opened = await this.open().catch((error: unknown) => {
      this.openFailure = { error, at: performance.now() };
      throw error;
    });
    this.openFailure = null;
    if (!this.ended) return opened;
    discard(opened);
    throw endedError();
  }

  private release(connection: C): void {
    if (connection.broken.aborted || this.ended) discard(connection);
    else this.idle.push(connection);
  }

  /** Closes idle connections now, and those in use when they are released. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.ended = true;
    await Promise.all(this.idle.splice(0).map((each) => each[Symbol.asyncDispose]()));
  }
}

/**
 * Rejects when the connection breaks. The driver rejects pending statements then, but not a
 * statement that is sent between the error of a socket and its close: that one would never settle.
 */
async function unlessBroken<T>({ broken }: Connection, work: () => Promise<T>): Promise<T> {
  let failSoon = noop;
  const failed = new Promise<never>((_, reject) => {
    // Deferred, so that an error of the driver, which names the reason, comes first.
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

function endedError(): Error {
  return Object.assign(new Error('the database was closed'), { code: 'CONNECTION_ENDED' });
}

function discard(connection: Connection): void {
  void connection[Symbol.asyncDispose]();
}

const retryDelayMs = 100;
