import { abortListeners } from '../../concurrency/abort-listeners.ts';
import { sleep } from '../../concurrency/sleep.ts';
import type { Connection } from './connection.ts';
import { Admission, type Turn } from './admission.ts';
import { cancelledError, isConnectionLost, isOutOfConnections } from './database-errors.ts';
import { maxKept } from './statements.ts';

/**
 * A pool of connections, each used by one caller at a time.
 *
 * Guarantees: at most `size` connections at once; src/store/database/admission.ts decides who gets
 * one. A broken connection is not used again, and fails only the caller that used it. After a failed
 * attempt to open one, the next attempt is made `retryDelayMs` later at the earliest. Calls until
 * then throw the same error, so that any number of them fail at once. If the server or the system
 * allows no further connection, callers wait for those that are open; only without any they fail.
 * After disposal no call gets a connection.
 */
export class Pool<C extends Connection> {
  private readonly idle: C[] = [];
  private readonly admission = new Admission(() => (performance.now() < this.limitedUntil ? this.limit : this.size));
  private open = 0;
  private openFailure: { readonly error: unknown; readonly at: number } | null = null;
  /** The capacity until `limitedUntil`: the connections that were open when another one was rejected. */
  private limit = 0;
  private limitedUntil = 0;
  private ended = false;

  constructor(
    private readonly connect: () => Promise<C>,
    private readonly size: number,
  ) {}

  /** Throws the errors of opening a connection and of `work`, and CANCELLED if the turn ends before it begins. */
  async with<T>(work: (connection: C) => Promise<T>, turn: Turn): Promise<T> {
    const connection = await this.acquire(turn);
    try {
      const result = await unlessBroken(connection, () => work(connection));
      this.release(connection);
      return result;
    } catch (error) {
      if (isConnectionLost(error)) this.discard(connection);
      else this.release(connection);
      throw error;
    } finally {
      this.admission.leave(turn);
    }
  }

  /**
   * Runs `work`, a statement of a connection, and cancels it when its signal aborts, on a connection that reads leave free.
   * Repeats that, because a cancellation that arrives before the statement has no effect. The connection of the
   * statement is not free before the last one was sent, so that it cannot hit the next statement.
   */
  async cancelling<T>(
    { connection, signal }: { readonly connection: C; readonly signal: AbortSignal },
    work: () => Promise<T>,
  ): Promise<T> {
    if (signal.aborted) throw cancelledError();
    let cancellation = null as Cancellation | null;
    const cancel = async (finished: AbortSignal): Promise<void> => {
      while (!finished.aborted) {
        await this.with(({ client }) => client`select pg_cancel_backend(${connection.processId})`, { client: null, signal: finished });
        await sleep(cancelIntervalMs, finished);
      }
    };
    const onAbort = (): void => {
      const finished = new AbortController();
      cancellation = { finished, ended: cancel(finished.signal).catch(noop) }; // the statement timeout remains
    };
    signal.addEventListener('abort', onAbort);
    try {
      return await work();
    } finally {
      signal.removeEventListener('abort', onAbort);
      cancellation?.finished.abort();
      await cancellation?.ended;
    }
  }

  private async acquire(turn: Turn): Promise<C> {
    for (;;) {
      await this.admission.enter(turn);
      try {
        return await this.healthyConnection();
      } catch (error) {
        const canWait = this.open > 0 && isOutOfConnections(error);
        if (canWait) {
          this.limit = this.open;
          this.limitedUntil = performance.now() + growDelayMs;
        }
        this.admission.leave(turn);
        if (!canWait) throw error;
      }
    }
  }

  private async healthyConnection(): Promise<C> {
    for (let idle = this.idle.pop(); idle !== undefined; idle = this.idle.pop()) {
      if (!idle.broken.aborted) return idle;
      this.discard(idle);
    }
    if (this.openFailure !== null && performance.now() - this.openFailure.at < retryDelayMs) throw this.openFailure.error;
    if (this.ended) throw endedError();
    const opened = await this.connect().catch((error: unknown) => {
      this.openFailure = { error, at: performance.now() };
      throw error;
    });
    this.openFailure = null;
    this.open += 1;
    if (!this.ended) return opened;
    this.discard(opened);
    throw endedError();
  }

  private release(connection: C): void {
    if (connection.broken.aborted || this.ended || connection.prepared.size > maxPrepared) this.discard(connection);
    else this.idle.push(connection);
  }

  private discard(connection: C): void {
    this.open -= 1;
    void connection[Symbol.asyncDispose]();
  }

  /** Closes idle connections now, and those in use when they are released. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.ended = true;
    await Promise.all(this.idle.splice(0).map((each) => each[Symbol.asyncDispose]()));
  }
}

/** The cancellation of a statement, until `finished` aborts. */
interface Cancellation {
  readonly finished: AbortController;
  readonly ended: Promise<void>;
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
  const listeners = abortListeners(broken);
  listeners.add(failSoon);
  try {
    return await Promise.race([work(), failed]);
  } finally {
    listeners.delete(failSoon);
  }
}

const noop = (): void => undefined;

function endedError(): Error {
  return Object.assign(new Error('the database was closed'), { code: 'CONNECTION_ENDED' });
}

const cancelIntervalMs = 100;
const retryDelayMs = 100;
/** Statements of one connection. Those that are kept no more stay until the connection closes. */
const maxPrepared = 2 * maxKept;
/** With fewer connections than `size`, the pool tries to open another one this often. */
const growDelayMs = 1000;
