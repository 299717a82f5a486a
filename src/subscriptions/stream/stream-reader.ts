import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import type { Waiter } from '../../concurrency/wake-signal.ts';
import { Alarm } from '../../concurrency/rearmable-timer.ts';
import type { DeliveryOrder } from './delivery-order.ts';
import type { Identity, LiveCursor } from '../source.ts';
import { endOf, identityOf, type StreamMessage } from './stream-message.ts';
import type { StreamParts, StreamRequest, StreamSettings } from './stream-request.ts';
import { Walk, type Step } from '../log-reader.ts';

/**
 * The cursor of a stream, and what there is to say about where it stands.
 *
 *              the head is reached: CaughtUp
 *   behind ------------------------------------> live -----.  nothing matched for long: Checkpoint
 *    |  ^  ^---- memory lost the place: FellBehind --'  ^---'
 *    |  '--- nothing matched for long: Checkpoint; events were removed: Gap
 *    '-----> ended, also from live: `until` is reached
 *
 * An expected error that waiting does not mend is its last message.
 */
export class StreamCursor implements LiveCursor<StreamMessage> {
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
  private failed = false;
  private readonly alarm = new Alarm();

  constructor(
    private readonly parts: StreamParts,
    request: StreamRequest,
    private readonly own: StreamSettings & { readonly head: Position; readonly order: DeliveryOrder },
  ) {
    const { start, until, filter, batchSize } = request;
    this.walk = new Walk(parts, filter, Math.max(batchSize, leastPage));
    this.batchSize = batchSize;
    this.until = until ?? Infinity;
    this.looked = start?.position ?? own.head;
    this.said = this.looked;
    this.goal = own.head;
    if (start?.replaced === true) this.pending.push({ kind: 'Replaced', from: start.given, to: this.looked });
    if (this.looked >= own.head && this.looked < this.until) this.catchUp();
  }

  next(): StreamMessage | 'READ' | 'WAIT' | 'ENDED' {
    const { order } = this.own;
    for (;;) {
      const first = this.pending.shift();
      if (first !== undefined) return this.say(first);
      if (this.failed) return 'ENDED';
      if (order.hasReady) {
        const previous = this.said;
        const events = order.take(this.batchSize);
        return this.say({ kind: 'EventBatch', events, previous, cursor: order.place() });
      }
      const ended = this.looked >= this.until;
      const cursor = order.place();
      if (cursor > this.said && (ended || this.checkpointIn() <= 0)) return this.say({ kind: 'Checkpoint', cursor });
      if (ended) return 'ENDED';
      if (this.walk.isAtHead(this.looked)) {
        // The tail's head may lie before the one that was promised.
        if (this.goal === null) return (order.settleIn() ?? 1) <= 0 ? 'READ' : 'WAIT';
        if (this.looked < this.goal) return 'READ';
        this.catchUp();
        continue;
      }
      const step = this.walk.known(this.looked, this.batchSize);
      if (step === null || !order.addNow(this.cut(step))) return 'READ';
      this.moveTo(step.upTo);
    }
  }

  async read(): Promise<void> {
    try {
      await this.readOn();
    } catch (error) {
      if (!isFinal(error)) throw error;
      this.failed = true;
      this.pending.push({ kind: 'Failed', error });
    }
  }

  onMore(waiter: Waiter): void {
    // When there is nothing to say although it is time, it is time again after as long.
    const checkpointIn = this.checkpointIn() > 0 ? this.checkpointIn() : this.own.checkpointMs;
    this.alarm.set(Math.min(this.own.order.settleIn() ?? Infinity, checkpointIn), waiter);
    this.walk.onMore(this.looked, waiter);
  }

  offMore(waiter: Waiter): void {
    this.alarm.clear();
    this.walk.offMore(waiter);
  }

  identityOf(message: StreamMessage): Identity {
    return identityOf(message);
  }

  eventsIn(message: StreamMessage): number {
    return message.kind === 'EventBatch' ? message.events.length : 0;
  }

  [Symbol.dispose](): void {
    this.walk[Symbol.dispose]();
  }

  private async readOn(): Promise<void> {
    const { order } = this.own;
    if (this.goal === null && this.walk.isAtHead(this.looked)) return order.settle();
    const found = await this.walk.remembered(this.looked);
    if (found === null && this.goal === null) return this.fallBehind();
    if (found !== null && found.upTo > this.looked) return this.advance(found);
    const stored = await this.walk.stored(this.looked);
    // Asked afterwards, so that nothing that went away while it was read goes unsaid.
    const removed = Math.min(await this.parts.removedUpTo(), this.until) as Position;
    if (removed <= this.looked) return this.advance(stored);
    order.release();
    if (order.hasReady) return;
    await order.add({ events: [], upTo: removed });
    this.looked = removed;
    this.pending.push({ kind: 'Removed', from: this.said, to: removed });
  }

  private async advance(step: Step): Promise<void> {
    await this.own.order.add(this.cut(step));
    this.moveTo(step.upTo);
  }

  /** What of a step is wanted. */
  private cut(step: Step): Step {
    if (step.upTo <= this.until) return step;
    return { events: step.events.filter(({ position }) => position <= this.until), upTo: this.until as Position };
  }

  private moveTo(place: Position): void {
    this.looked = Math.min(place, this.until) as Position;
    if (this.looked >= this.until) this.own.order.release();
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

/** What waiting does not mend; unexpected errors may come from a database that is about to go away. */
function isFinal(error: unknown): boolean {
  return error instanceof TidingsError && error.code !== 'UNAVAILABLE';
}

/** Events read from the database at once, also for smaller batches. */
const leastPage = 100;
