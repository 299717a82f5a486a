import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Caller } from '../../../auth/caller.ts';
import { sleep } from '../../../concurrency/sleep.ts';
import { TidingsError } from '../../../errors.ts';
import type { RateLimit } from '../../../transport/rate-limit.ts';
import { retry } from '../../../concurrency/retry.ts';
import { mapInSlices, yieldToEventLoop } from '../../../concurrency/time-slices.ts';
import type { OrderedWebSocket } from '../../../transport/socket-writer.ts';
import { reportBug } from '../../handle-request.ts';
import { close, pong, type Frame, type BufferedBytes } from './frames.ts';
import { FrameStore, type FrameStoreParts } from './store-frames.ts';

export interface InboundParts extends FrameStoreParts {
  readonly bufferedBytes: BufferedBytes;
  readonly rateLimit: RateLimit;
  readonly logger: Logger;
}

export interface SocketClient {
  readonly socket: OrderedWebSocket;
  /** The network connection of the socket. */
  readonly connection: Duplex;
  readonly caller: Caller;
  /** The client's address. */
  readonly address: string;
  /** The URL has `?strict=true`: events with unknown members are rejected. */
  readonly isStrict: boolean;
}

/**
 * The events of one socket, one document a text frame.
 *
 * Assumes: the client sends again every frame that no pong has confirmed.
 *
 * Guarantees:
 * - Frames are stored in order.
 * - A ping is answered once every frame before it is durable, in the log or as a rejected event.
 * - An invalid frame does not affect other frames.
 * - While the database cannot be reached, no ping is answered, and storing is retried, even after
 *   the client has disconnected.
 * - The queue is bounded: beyond `pauseThresholdBytes` the socket is not read.
 *
 * Does not guarantee that an unconfirmed frame is stored.
 *
 *   queued --some at a time--> in the log or rejected --> their pings answered
 *      ^-- UNAVAILABLE --'
 */
export class InboundEvents {
  private queue: Frame[] = [];
  private queuedBytes = 0;
  private isPaused = false;
  private working: Promise<void> | null = null;
  private readonly cancellation = new AbortController();
  private readonly store: FrameStore;

  constructor(
    private readonly parts: InboundParts,
    private readonly client: SocketClient,
  ) {
    this.store = new FrameStore(parts, client.caller, client.isStrict);
  }

  take(frame: Frame): void {
    if (this.cancellation.signal.aborted) return;
    if (this.queuedBytes > maxQueuedBytes) return this.client.socket.terminate();
    const { bufferedBytes } = this.parts;
    this.queue.push(frame);
    this.queuedBytes += sizeOf(frame);
    bufferedBytes.add(sizeOf(frame));
    if (!this.isPaused && (this.queuedBytes > pauseThresholdBytes || bufferedBytes.isFull)) {
      this.isPaused = true;
      this.client.socket.pause();
    }
    this.working ??= this.work();
  }

  /** Resolves when the queue is empty. */
  async whenDrained(): Promise<void> {
    await this.working;
  }

  /** Resolves when the queue is empty. Drops the rest of it after the timeout. */
  async stop(timeoutMs: number): Promise<void> {
    await Promise.race([this.working, sleep(timeoutMs, this.cancellation.signal)]);
    this.cancel();
    await this.working;
  }

  private async work(): Promise<void> {
    // Frames of one turn of the event loop are stored together.
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
    this.queuedBytes -= size;
    this.parts.bufferedBytes.add(-size);
    if (!this.isPaused || this.queuedBytes > pauseThresholdBytes / 2) return;
    this.isPaused = false;
    this.client.socket.resume();
  }

  private cancel(): void {
    this.cancellation.abort();
    this.release(this.queue.splice(0));
  }

  /** Slows a client beyond its rate limit: the queue fills up, and then the socket is not read. */
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
    await mapInSlices(frames, ({ kind, bytes }) => {
      if (kind === 'ping') pong(socket, connection, bytes);
    });
  }

  /** Stores frames, except failing ones. False: storing is not allowed, or was cancelled. */
  private async storeFrames(frames: readonly Frame[]): Promise<boolean> {
    try {
      return await this.storeWithRetries(() => this.store.add(frames));
    } catch (error) {
      return this.isolate(frames, error);
    }
  }

  /** Retries while the database cannot be reached. False: not allowed by the key, or cancelled. */
  private async storeWithRetries(attempt: () => Promise<void>): Promise<boolean> {
    try {
      const result = await retry(attempt, {
        backoff: storeBackoff,
        signal: this.cancellation.signal,
        isRetryable: (error) => error instanceof TidingsError && error.code === 'UNAVAILABLE',
        onFirstFailure: (error) =>
          this.parts.logger.warn({ err: error }, 'cannot store events of a socket; retrying until the database can be reached'),
      });
      return result !== 'CANCELLED';
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      this.end(1008, error.message);
      return false;
    }
  }

  /** A frame caused an unexpected error. Finds it by bisection, and stores the others. */
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
      // No pong follows, so the client sends its frames again.
      this.end(1011, 'Internal server error');
      return false;
    }
  }

  private end(code: number, reason: string): void {
    close(this.client.socket, code, reason);
    this.cancel();
  }
}

/** The memory of a frame: its bytes and an estimated overhead. */
function sizeOf({ bytes }: Frame): number {
  return bytes.length + 200;
}

/** Queued bytes above which the socket is not read. A single frame can be larger. */
const pauseThresholdBytes = 4 << 20;
/**
 * Queued bytes above which the socket is terminated. More than can have been in flight when it was
 * paused: the client continues to send while the socket is closing.
 */
const maxQueuedBytes = 64 << 20;
/** Bounds of one transaction. */
const maxTransactionFrames = 1000;
const maxTransactionBytes = 2 << 20;
const storeBackoff = { initialDelayMs: 100, maxDelayMs: 2000 } as const;
