import type { Writable } from 'node:stream';
import type { DrainListener } from '../../concurrency/wake-signal.ts';
import type { SlowConsumer, SlowConsumers, UnreadBytes } from './slow-consumers.ts';

/**
 * The room for messages on one connection, which all who send on it share, and those who wait for
 * it.
 */
export class NetworkRoom implements SlowConsumer {
  private drainListeners: DrainListener[] = [];
  /** The last message whose bytes other connections share; its bytes are 0 if there was none. */
  private lastShared: UnreadBytes['shared'] = noMessage;

  constructor(private readonly parts: NetworkRoomParts) {}

  /** Whether less than `maxBufferedBytes` wait for the client's network. */
  get hasRoom(): boolean {
    return this.parts.waitingBytes() < maxBufferedBytes;
  }

  /**
   * Wakes the listener when there is room again, in the order of the calls; never if the connection
   * has closed.
   */
  onDrain(listener: DrainListener): void {
    const { connection, slowConsumers } = this.parts;
    if (connection.destroyed) return;
    if (this.drainListeners.length === 0) slowConsumers.begin(this);
    this.drainListeners.push(listener);
  }

  /** Call it for each message that is written without a copy. */
  wroteShared({ id, byteLength }: { readonly id: number; readonly byteLength: number }): void {
    this.lastShared = { key: `message ${id}`, bytes: byteLength };
  }

  /** Call it when the network has accepted everything. */
  drained(): void {
    for (const each of this.takeListeners()) each.wake();
  }

  /** Call it when the connection has closed. */
  closed(): void {
    this.takeListeners();
  }

  get client(): string {
    return this.parts.client();
  }

  get unread(): UnreadBytes {
    const waiting = this.parts.waitingBytes();
    const shared = this.lastShared.bytes > waiting ? noMessage : this.lastShared;
    return { bytes: waiting - shared.bytes, shared };
  }

  dropHeld(): void {
    for (const each of this.drainListeners) each.dropHeld();
  }

  close(): void {
    this.parts.close();
  }

  private takeListeners(): readonly DrainListener[] {
    const { drainListeners } = this;
    this.drainListeners = [];
    if (drainListeners.length > 0) this.parts.slowConsumers.end(this);
    return drainListeners;
  }
}

export interface NetworkRoomParts {
  /** The connection, or a response on it. */
  readonly connection: Pick<Writable, 'destroyed'>;
  /** The bytes that the network has not accepted. */
  readonly waitingBytes: () => number;
  readonly slowConsumers: SlowConsumers;
  /** Who is charged for what waits. */
  readonly client: () => string;
  /** Closes the connection at once. */
  readonly close: () => void;
}

/**
 * Bytes that may wait for one client's network before events wait too; one message more may be
 * added.
 */
export const maxBufferedBytes = 64 * 1024;
const noMessage = { key: 'no message', bytes: 0 };
