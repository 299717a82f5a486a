import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { Caller } from '../../../auth/caller.ts';
import { TidingsError } from '../../../errors.ts';
import type { RateLimit } from '../../../transport/rate-limit.ts';
import { retry } from '../../../concurrency/retry.ts';
import { sleep } from '../../../concurrency/sleep.ts';
import { yieldToEventLoop } from '../../../concurrency/time-slices.ts';
import { reportBug } from '../../handle-request.ts';
import { close, pong, type Frame, type BufferedBytes } from './frames.ts';
import { FrameStore, type FrameStoreParts } from './store-frames.ts';

export interface InboundParts extends FrameStoreParts {
  readonly bufferedBytes: BufferedBytes;
  readonly rateLimit: RateLimit;
  readonly logger: Logger;
}

export interface SocketClient {
  readonly socket: WebSocket;
  /** The connection below it. */
  readonly connection: Duplex;
  readonly caller: Caller;
  /** Of the other end. */
  readonly address: string;
}

/**
 * The events of one socket, a document in each text frame.
 *
 * Assumes: a client that sends again what no pong has confirmed. Promises: frames are stored in their order; a ping is
 * answered once every frame before it is durable, in the log or, where it is no event, in quarantine, which harms no other
 * frame. While the database is away nothing is answered, and what came is tried until it comes back, also when the client
 * has gone meanwhile. So much waits at most; then the socket is not read. Does not promise that what no pong has confirmed
 * is stored.
 *
 *   waiting --some at once--> stored or in quarantine --> their pings answered
 *      ^-- UNAVAILABLE --'
 */
export class InboundEvents {
  private queue: Frame[] = [];
  private bytes = 0;
  private isPaused = false;
  private working: Promise<void> | null = null;
  private readonly cancellation = new AbortController();
  private readonly store: FrameStore;

  constructor(
    private readonly parts: InboundParts,
    private readonly client: SocketClient,
  ) {
    this.store = new FrameStore(parts, client.caller);
  }

  take(frame: Frame): void {
    if (this.cancellation.signal.aborted) return;
    if (this.bytes > maxQueuedBytes) return this.client.socket.terminate();
    const { bufferedBytes } = this.parts;
    this.queue.push(frame);
    this.bytes += sizeOf(frame);
    bufferedBytes.add(sizeOf(frame));
    if (!this.isPaused && (this.bytes > pauseThresholdBytes || bufferedBytes.isFull)) {
      this.isPaused = true;
      this.client.socket.pause();
    }
    this.working ??= this.work();
  }

  /** Resolves when all that came is settled. */
  async whenDrained(): Promise<void> {
    await this.working;
  }

  /** Resolves when all that came is settled, or after so many milliseconds, whereupon the rest is given up. */
  async stop(timeoutMs: number): Promise<void> {
    await Promise.race([this.working, sleep(timeoutMs, this.cancellation.signal)]);
    this.cancel();
    await this.working;
  }

  private async work(): Promise<void> {
    // What came in one turn of the event loop goes together.
    await yieldToEventLoop();
    while (this.queue.length > 0) {
      const frames = this.nextFrames();
      await this.storeAndConfirm(frames);
      this.release(frames);
    }
    this.working = null;
  }

  private nextFrames(): readonly Frame[] {
    let bytes = 0;
    const end = this.queue.findIndex(
      (frame, index) => index > 0 && (index >= maxTransactionFrames || (bytes += frame.bytes.length) > maxTransactionBytes),
    );
    return this.queue.splice(0, end < 0 ? this.queue.length : end);
  }

  private release(frames: readonly Frame[]): void {
    const size = frames.reduce((sum, frame) => sum + sizeOf(frame), 0);
    this.bytes -= size;
    this.parts.bufferedBytes.add(-size);
    if (!this.isPaused || this.bytes > pauseThresholdBytes / 2) return;
    this.isPaused = false;
    this.client.socket.resume();
  }

  private cancel(): void {
    this.cancellation.abort();
    this.release(this.queue.splice(0));
  }

  /** Whoever sends more than a minute's allowance is slowed: what waits here fills up, and then the socket is not read. */
  private async waitForRateLimit(cost: number): Promise<void> {
    const { signal } = this.cancellation;
    for (let ms = this.retryAfterMs(cost); ms !== null && !signal.aborted; ms = this.retryAfterMs(cost)) await sleep(ms, signal);
  }

  private retryAfterMs(cost: number): number | null {
    return this.parts.rateLimit.takeOrRetryAfterMs(this.client, cost);
  }

  private async storeAndConfirm(frames: readonly Frame[]): Promise<void> {
    const { socket, connection } = this.client;
    await this.waitForRateLimit(frames.length);
    if (!(await this.storeFrames(frames.filter(({ kind }) => kind !== 'ping')))) return;
    for (const { kind, bytes } of frames) if (kind === 'ping') pong(socket, connection, bytes);
  }

  /** Stores frames, or what of them can be. False: they may not be stored, or not any more. */
  private async storeFrames(frames: readonly Frame[]): Promise<boolean> {
    try {
      return await this.storeWithRetries(() => this.store.add(frames));
    } catch (error) {
      return this.isolate(frames, error);
    }
  }

  /** Retries while the database is unreachable. False: the key does not permit it, or the socket was cancelled. */
  private async storeWithRetries(attempt: () => Promise<void>): Promise<boolean> {
    try {
      const result = await retry(attempt, {
        backoff: storeBackoff,
        signal: this.cancellation.signal,
        isRetryable: (error) => error instanceof TidingsError && error.code === 'UNAVAILABLE',
        onFirstFailure: (error) => this.parts.logger.warn({ err: error }, 'events of a socket wait for the database'),
      });
      return result !== 'CANCELLED';
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      this.end(1008, error.message);
      return false;
    }
  }

  /** One of them is something that nobody foresaw: finds it, so that the others are stored. */
  private async isolate(frames: readonly Frame[], error: unknown): Promise<boolean> {
    const [frame] = frames;
    if (frame === undefined) return true;
    if (frames.length > 1) {
      const half = Math.ceil(frames.length / 2);
      return (await this.storeFrames(frames.slice(0, half))) && this.storeFrames(frames.slice(half));
    }
    reportBug(this.parts, error);
    try {
      return await this.storeWithRetries(() => this.store.storeFailed(frame));
    } catch {
      // No pong may follow: the client keeps what it has sent.
      this.end(1011, 'Internal server error');
      return false;
    }
  }

  private end(code: number, reason: string): void {
    close(this.client.socket, code, reason);
    this.cancel();
  }
}

/** A frame takes memory beside its bytes. */
function sizeOf({ bytes }: Frame): number {
  return bytes.length + 200;
}

/** Bytes that wait for the database before the socket is not read any more; beyond one frame. */
const pauseThresholdBytes = 4 << 20;
/** More than what can have been under way when the socket was paused: somebody goes on while it is closing. */
const maxQueuedBytes = 64 << 20;
/** Of one transaction. */
const maxTransactionFrames = 1000;
const maxTransactionBytes = 2 << 20;
const storeBackoff = { initialDelayMs: 100, maxDelayMs: 2000 } as const;
