import type { Position } from '../event/cursor.ts';
import type { DeliveryOrder } from './delivery-order.ts';
import { movedWithin } from './moved-within.ts';
import type { StreamMessage } from './stream-message.ts';
import type { StreamParts, StreamRequest, StreamSettings } from './stream-request.ts';
import { createWalk, type Step, type Walk } from './walk.ts';

/**
 * The cursor of a stream, and what there is to say about where it stands.
 *
 *              the head is reached: CaughtUp
 *   behind ------------------------------------> live -----.  nothing matched for long: Checkpoint
 *    |  ^  ^---- memory lost the place: FellBehind --'  ^---'
 *    |  '--- nothing matched for long: Checkpoint; events were removed: Gap
 *    '-----> ended, also from live: `until` is reached
 *
 * To be driven by `next`, and by `step` while there is nothing to say. A step that fails has moved nothing.
 */
export class StreamCursor {
  private readonly walk: Walk;
  private readonly batchSize: number;
  private readonly until: number;
  /** What to say before anything else. */
  private readonly pending: StreamMessage[] = [];
  /** How far the log was looked at. */
  private looked: Position;
  /** Where the last message ended. */
  private said: Position;
  private saidAt = performance.now();
  /** The head that must be reached, at least, to have caught up; null: live. */
  private goal: Position | null;

  constructor(
    private readonly parts: StreamParts,
    request: StreamRequest,
    private readonly own: StreamSettings & { readonly head: Position; readonly order: DeliveryOrder },
  ) {
    const { start, until, filter, batchSize } = request;
    this.walk = createWalk(parts, { filter, page: Math.max(batchSize, leastPage) });
    this.batchSize = batchSize;
    this.until = until ?? Infinity;
    this.looked = start?.position ?? own.head;
    this.said = this.looked;
    this.goal = own.head;
    if (start?.replaced === true) this.pending.push({ kind: 'Replaced', from: start.given, to: this.looked });
    if (this.looked >= own.head && this.looked < this.until) this.catchUp();
  }

  /** What can be said now; null: nothing before the next step; ENDED: nothing any more. */
  next(): StreamMessage | 'ENDED' | null {
    const { order } = this.own;
    const first = this.pending.shift();
    if (first !== undefined) return this.say(first);
    if (order.hasReady) {
      const previous = this.said;
      const events = order.take(this.batchSize);
      return this.say({ kind: 'EventBatch', events, previous, cursor: order.place() });
    }
    const ended = this.looked >= this.until;
    const cursor = order.place();
    if (cursor > this.said && (ended || this.checkpointIn() <= 0)) return this.say({ kind: 'Checkpoint', cursor });
    return ended ? 'ENDED' : null;
  }

  /** Moves one step along the log, or waits at its head. */
  async step(signal: AbortSignal): Promise<void> {
    const { tail } = this.parts;
    const { order } = this.own;
    const found = await this.walk.remembered(this.looked);
    if (found === null) return this.goal === null ? this.fallBehind() : this.read();
    if (found.upTo > this.looked) return this.advance(found);
    // The tail's head may lie before the one that was promised.
    if (this.goal !== null) return this.looked < this.goal ? this.read() : this.catchUp();
    await order.settle();
    if (order.hasReady) return;
    const waits = [order.settleIn(), order.place() > this.said ? this.checkpointIn() : null].filter((ms) => ms !== null);
    await movedWithin(tail, this.looked, { signal, ms: waits.length === 0 ? null : Math.max(Math.min(...waits), 0) });
  }

  private async read(): Promise<void> {
    const { order } = this.own;
    const found = await this.walk.stored(this.looked);
    // Asked afterwards, so that nothing that went away while it was read goes unsaid.
    const removed = Math.min(await this.parts.removedUpTo(), this.until) as Position;
    if (removed <= this.looked) return this.advance(found);
    order.release();
    if (order.hasReady) return;
    await order.add({ events: [], upTo: removed });
    this.looked = removed;
    this.pending.push({ kind: 'Removed', from: this.said, to: removed });
  }

  private async advance({ events, upTo }: Step): Promise<void> {
    const { order } = this.own;
    const end = Math.min(upTo, this.until) as Position;
    await order.add({ events: events.filter(({ position }) => position <= end), upTo: end });
    this.looked = end;
    if (end >= this.until) order.release();
    if (!order.hasReady) await new Promise((resolve) => setImmediate(resolve)); // others' turn
  }

  private catchUp(): void {
    this.goal = null;
    this.pending.push({ kind: 'CaughtUp', cursor: this.own.order.place() });
  }

  private fallBehind(): void {
    this.goal = this.parts.tail.head();
    this.pending.push({ kind: 'FellBehind', cursor: this.own.order.place(), head: this.goal });
  }

  private checkpointIn(): number {
    const { checkpointMs, behindCheckpointMs } = this.own;
    return this.saidAt + (this.goal === null ? checkpointMs : behindCheckpointMs) - performance.now();
  }

  private say(message: StreamMessage): StreamMessage {
    this.said = endOf(message) ?? this.said;
    this.saidAt = performance.now();
    return message;
  }
}

function endOf(message: StreamMessage): Position | null {
  switch (message.kind) {
    case 'EventBatch':
    case 'CaughtUp':
    case 'FellBehind':
    case 'Checkpoint':
      return message.cursor;
    case 'Removed':
    case 'Replaced':
      return message.to;
    case 'Failed':
      return null;
    default:
      return message satisfies never;
  }
}

/** Events read from the database at once, also for smaller batches. */
const leastPage = 100;
