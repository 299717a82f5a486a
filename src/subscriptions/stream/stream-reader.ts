import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import type { WakeListener } from '../../concurrency/wake-signal.ts';
import { RearmableTimer } from '../../concurrency/rearmable-timer.ts';
import type { BatchLimit } from './batch-limit.ts';
import type { DeliveryOrder } from './delivery-order.ts';
import type { Identity, SubscriptionReader } from '../source.ts';
import { endOf, identityOf, type StreamMessage } from './stream-message.ts';
import type { StreamParts, StreamRequest, StreamSettings } from './stream-request.ts';
import { LogReader, type Step } from '../log-reader.ts';

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
export class StreamReader implements SubscriptionReader<StreamMessage> {
  private readonly logReader: LogReader;
  private readonly batchLimit: BatchLimit;
  private readonly until: number;
  /** What to say before anything else. */
  private readonly pending: StreamMessage[] = [];
  /** How far the log was looked at. */
  private scannedTo: Position;
  /** Where the last message ended. */
  private reportedTo: Position;
  private reportedAt = performance.now();
  /** The head that must be reached, at least, to have caught up; null: live. */
  private targetHead: Position | null;
  private failed = false;
  private readonly timer = new RearmableTimer();

  constructor(
    private readonly parts: StreamParts,
    request: StreamRequest,
    private readonly settings: StreamSettings & { readonly head: Position; readonly order: DeliveryOrder },
  ) {
    const { start, until, filter, batchSize, maxBytes } = request;
    this.logReader = new LogReader(parts, filter, Math.max(batchSize, minPageEvents));
    this.batchLimit = { maxEvents: batchSize, maxBytes };
    this.until = until ?? Infinity;
    this.scannedTo = start?.position ?? settings.head;
    this.reportedTo = this.scannedTo;
    this.targetHead = settings.head;
    if (start?.replaced === true) this.pending.push({ kind: 'Replaced', from: start.given, to: this.scannedTo });
    if (this.scannedTo >= settings.head && this.scannedTo < this.until) this.catchUp();
  }

  next(): StreamMessage | 'READ' | 'WAIT' | 'ENDED' {
    const { order } = this.settings;
    for (;;) {
      const first = this.pending.shift();
      if (first !== undefined) return this.report(first);
      if (this.failed) return 'ENDED';
      if (order.hasReady) {
        const previous = this.reportedTo;
        const events = order.take(this.batchLimit);
        return this.report({ kind: 'EventBatch', events, previous, cursor: order.position() });
      }
      const ended = this.scannedTo >= this.until;
      const cursor = order.position();
      if (cursor > this.reportedTo && (ended || this.checkpointInMs() <= 0)) return this.report({ kind: 'Checkpoint', cursor });
      if (ended) return 'ENDED';
      if (this.logReader.isAtHead(this.scannedTo)) {
        // The tail's head may lie before the one that was promised.
        if (this.targetHead === null) return (order.releaseDueInMs() ?? 1) <= 0 ? 'READ' : 'WAIT';
        if (this.scannedTo < this.targetHead) return 'READ';
        this.catchUp();
        continue;
      }
      const step = this.logReader.stepFromMatches(this.scannedTo, this.batchLimit.maxEvents);
      if (step === null || !order.tryAdd(this.clip(step))) return 'READ';
      this.moveTo(step.upTo);
    }
  }

  async read(): Promise<void> {
    try {
      await this.readStep();
    } catch (error) {
      if (!isFinal(error)) throw error;
      this.failed = true;
      this.pending.push({ kind: 'Failed', error });
    }
  }

  onReadable(listener: WakeListener): void {
    // When there is nothing to say although it is time, it is time again after as long.
    const checkpointInMs = this.checkpointInMs() > 0 ? this.checkpointInMs() : this.settings.checkpointMs;
    this.timer.arm(Math.min(this.settings.order.releaseDueInMs() ?? Infinity, checkpointInMs), listener);
    this.logReader.onReadable(this.scannedTo, listener);
  }

  offReadable(listener: WakeListener): void {
    this.timer.clear();
    this.logReader.offReadable(listener);
  }

  identityOf(message: StreamMessage): Identity {
    return identityOf(message);
  }

  eventsIn(message: StreamMessage): number {
    return message.kind === 'EventBatch' ? message.events.length : 0;
  }

  [Symbol.dispose](): void {
    this.logReader[Symbol.dispose]();
  }

  private async readStep(): Promise<void> {
    const { order } = this.settings;
    if (this.targetHead === null && this.logReader.isAtHead(this.scannedTo)) return order.releaseDue();
    const found = await this.logReader.stepFromMemory(this.scannedTo);
    if (found === null && this.targetHead === null) return this.fallBehind();
    if (found !== null && found.upTo > this.scannedTo) return this.advance(found);
    const stored = await this.logReader.stepFromDatabase(this.scannedTo);
    // Asked afterwards, so that nothing that went away while it was read goes unsaid.
    const logStart = Math.min(await this.parts.logStart(), this.until) as Position;
    if (logStart <= this.scannedTo) return this.advance(stored);
    order.releaseAll();
    if (order.hasReady) return;
    await order.add({ events: [], upTo: logStart });
    this.scannedTo = logStart;
    this.pending.push({ kind: 'Removed', from: this.reportedTo, to: logStart });
  }

  private async advance(step: Step): Promise<void> {
    await this.settings.order.add(this.clip(step));
    this.moveTo(step.upTo);
  }

  /** What of a step is wanted. */
  private clip(step: Step): Step {
    if (step.upTo <= this.until) return step;
    return { events: step.events.filter(({ position }) => position <= this.until), upTo: this.until as Position };
  }

  private moveTo(position: Position): void {
    this.scannedTo = Math.min(position, this.until) as Position;
    if (this.scannedTo >= this.until) this.settings.order.releaseAll();
  }

  private catchUp(): void {
    this.targetHead = null;
    this.pending.push({ kind: 'CaughtUp', cursor: this.settings.order.position() });
  }

  private fallBehind(): void {
    this.targetHead = this.parts.tail.head();
    this.pending.push({ kind: 'FellBehind', cursor: this.settings.order.position(), head: this.targetHead });
  }

  private checkpointInMs(): number {
    const { checkpointMs, behindCheckpointMs } = this.settings;
    return this.reportedAt + (this.targetHead === null ? checkpointMs : behindCheckpointMs) - performance.now();
  }

  private report(message: StreamMessage): StreamMessage {
    this.reportedTo = endOf(message) ?? this.reportedTo;
    this.reportedAt = performance.now();
    return message;
  }
}

/** What waiting does not mend; unexpected errors may come from a database that is about to go away. */
function isFinal(error: unknown): boolean {
  return error instanceof TidingsError && error.code !== 'UNAVAILABLE';
}

/** Events read from the database at once, also for smaller batches. */
const minPageEvents = 100;
