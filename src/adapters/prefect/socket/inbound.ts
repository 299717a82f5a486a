import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { Caller } from '../../../auth/caller.ts';
import { TidingsError } from '../../../errors.ts';
import type { Allowance } from '../../../transport/rate-limit.ts';
import { pause } from '../../../concurrency/sleep.ts';
import { reportBug } from '../../handle-request.ts';
import { close, pong, type Frame, type Backlog } from './frames.ts';
import { FrameStore, type FrameStoreParts } from './store-frames.ts';

export interface EventsInParts extends FrameStoreParts {
  readonly backlog: Backlog;
  readonly allowance: Allowance;
  readonly logger: Logger;
}

export interface Visitor {
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
export class EventsIn {
  private waiting: Frame[] = [];
  private bytes = 0;
  private isPaused = false;
  private working: Promise<void> | null = null;
  private readonly over = new AbortController();
  private readonly store: FrameStore;

  constructor(
    private readonly parts: EventsInParts,
    private readonly visitor: Visitor,
  ) {
    this.store = new FrameStore(parts, visitor.caller);
  }

  take(frame: Frame): void {
    if (this.over.signal.aborted) return;
    if (this.bytes > mostEver) return this.visitor.socket.terminate();
    const { backlog } = this.parts;
    this.waiting.push(frame);
    this.bytes += sizeOf(frame);
    backlog.add(sizeOf(frame));
    if (!this.isPaused && (this.bytes > mostWaiting || backlog.isFull)) {
      this.isPaused = true;
      this.visitor.socket.pause();
    }
    this.working ??= this.work();
  }

  /** Resolves when all that came is settled. */
  async settled(): Promise<void> {
    await this.working;
  }

  /** Resolves when all that came is settled, or after so many milliseconds, whereupon the rest is given up. */
  async stop(patienceMs: number): Promise<void> {
    await Promise.race([this.working, pause(patienceMs, this.over.signal)]);
    this.giveUp();
    await this.working;
  }

  private async work(): Promise<void> {
    // What came in one turn of the event loop goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const frames = this.nextFrames();
      await this.settle(frames);
      this.letGo(frames);
    }
    this.working = null;
  }

  private nextFrames(): readonly Frame[] {
    let bytes = 0;
    const end = this.waiting.findIndex(
      (frame, index) => index > 0 && (index >= mostAtOnce || (bytes += frame.bytes.length) > mostBytesAtOnce),
    );
    return this.waiting.splice(0, end < 0 ? this.waiting.length : end);
  }

  private letGo(frames: readonly Frame[]): void {
    const size = frames.reduce((sum, frame) => sum + sizeOf(frame), 0);
    this.bytes -= size;
    this.parts.backlog.add(-size);
    if (!this.isPaused || this.bytes > mostWaiting / 2) return;
    this.isPaused = false;
    this.visitor.socket.resume();
  }

  private giveUp(): void {
    this.over.abort();
    this.letGo(this.waiting.splice(0));
  }

  /** Whoever sends more than a minute's allowance is slowed: what waits here fills up, and then the socket is not read. */
  private async afford(cost: number): Promise<void> {
    const { signal } = this.over;
    for (let ms = this.wait(cost); ms !== null && !signal.aborted; ms = this.wait(cost)) await pause(ms, signal);
  }

  private wait(cost: number): number | null {
    return this.parts.allowance.takeOrWait(this.visitor, cost);
  }

  private async settle(frames: readonly Frame[]): Promise<void> {
    const { socket, connection } = this.visitor;
    await this.afford(frames.length);
    if (!(await this.persist(frames.filter(({ kind }) => kind !== 'ping')))) return;
    for (const { kind, bytes } of frames) if (kind === 'ping') pong(socket, connection, bytes);
  }

  /** Stores frames, or what of them can be. False: they may not be stored, or not any more. */
  private async persist(frames: readonly Frame[]): Promise<boolean> {
    try {
      return await this.insist(() => this.store.add(frames));
    } catch (error) {
      return this.isolate(frames, error);
    }
  }

  /** Tries until the database is there. False: the key does not allow it, or nobody is interested any more. */
  private async insist(attempt: () => Promise<void>): Promise<boolean> {
    for (let failures = 0; !this.over.signal.aborted; failures += 1) {
      try {
        await attempt();
        return true;
      } catch (error) {
        if (!(error instanceof TidingsError)) throw error;
        if (error.code !== 'UNAVAILABLE') {
          this.end(1008, error.message);
          return false;
        }
        if (failures === 0) this.parts.logger.warn({ err: error }, 'events of a socket wait for the database');
        await pause(Math.min(firstPauseMs * 2 ** failures, longestPauseMs), this.over.signal);
      }
    }
    return false;
  }

  /** One of them is something that nobody foresaw: finds it, so that the others are stored. */
  private async isolate(frames: readonly Frame[], error: unknown): Promise<boolean> {
    const [frame] = frames;
    if (frame === undefined) return true;
    if (frames.length > 1) {
      const half = Math.ceil(frames.length / 2);
      return (await this.persist(frames.slice(0, half))) && this.persist(frames.slice(half));
    }
    reportBug(this.parts, error);
    try {
      return await this.insist(() => this.store.keepFailed(frame));
    } catch {
      // No pong may follow: the client keeps what it has sent.
      this.end(1011, 'Internal server error');
      return false;
    }
  }

  private end(code: number, reason: string): void {
    close(this.visitor.socket, code, reason);
    this.giveUp();
  }
}

/** A frame takes memory beside its bytes. */
function sizeOf({ bytes }: Frame): number {
  return bytes.length + 200;
}

/** Bytes that wait for the database before the socket is not read any more; beyond one frame. */
const mostWaiting = 4 << 20;
/** More than what can have been under way when the socket was paused: somebody goes on while it is closing. */
const mostEver = 64 << 20;
/** Of one transaction. */
const mostAtOnce = 1000;
const mostBytesAtOnce = 2 << 20;
const firstPauseMs = 100;
const longestPauseMs = 2000;
