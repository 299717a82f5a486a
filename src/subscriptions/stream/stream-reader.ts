import { allParts } from '../../event/event.ts';
import { RearmableTimer } from '../../concurrency/rearmable-timer.ts';
import { yieldToEventLoop } from '../../concurrency/time-slices.ts';
import type { WakeListener } from '../../concurrency/wake-signal.ts';
import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import { LogReader } from '../log-reader.ts';
import type { Step } from '../page-reader.ts';
import type { Identity, SubscriptionReader } from '../source.ts';
import type { BatchLimit } from './batch-limit.ts';
import type { DeliveryOrder } from './delivery-order.ts';
import { endOf, identityOf, type StreamMessage } from './stream-message.ts';
import type { StreamParts, StreamRequest, StreamSettings } from './stream-request.ts';

/**
 * The reader of a stream: its position, and the messages that report it.
 *
 *              head reached: CaughtUp
 *   behind ------------------------------------> live -----.  no match for long: Checkpoint
 *    |  ^  ^---- tail buffer too short: FellBehind --'  ^---'
 *    |  '--- no match for long: Checkpoint; events removed: Gap
 *    '-----> ended, also from live: `until` reached
 *
 * An error that a retry cannot fix is the last message.
 */
export class StreamReader implements SubscriptionReader<StreamMessage> {
  private readonly logReader: LogReader;
  private readonly batchLimit: BatchLimit;
  private readonly until: number;
  /** Messages to return before all others. */
  private readonly pending: StreamMessage[] = [];
  /** The end of the log read so far. */
  private scannedTo: Position;
  /** The end of the last message. */
  private reportedTo: Position;
  private reportedAt = performance.now();
  /** The position that must be reached to catch up; null: live. */
  private targetHead: Position | null;
  private failed = false;
  private readonly timer = new RearmableTimer();

  constructor(
    private readonly parts: StreamParts,
    request: StreamRequest,
    private readonly settings: StreamSettings & { readonly head: Position; readonly order: DeliveryOrder },
  ) {
    const { start, until, filter, client, batchSize, maxBytes, eventParts = allParts } = request;
    this.logReader = new LogReader(parts, { filter, client, pageEvents: Math.max(batchSize, minPageEvents), parts: eventParts });
    this.batchLimit = { maxEvents: batchSize, maxBytes };
    this.until = until ?? Infinity;
    this.scannedTo = start?.position ?? settings.head;
    this.reportedTo = this.scannedTo;
    this.targetHead = settings.head;
    if (start?.replaced === true) this.pending.push({ kind: 'LogReplacedGap', from: start.given, to: this.scannedTo });
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
        if (events === 'MORE') return 'READ';
        return this.report({ kind: 'EventBatch', events, previous, cursor: order.position() });
      }
      const ended = this.scannedTo >= this.until;
      const cursor = order.position();
      if (cursor > this.reportedTo && (ended || this.checkpointInMs() <= 0)) return this.report({ kind: 'Checkpoint', cursor });
      if (ended) return 'ENDED';
      if (this.logReader.isAtHead(this.scannedTo)) {
        // The tail's head can lie before the target, which was read from the database.
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

  async read(signal: AbortSignal): Promise<void> {
    try {
      await this.readStep(signal);
    } catch (error) {
      if (!isFinal(error)) throw error;
      this.failed = true;
      this.pending.push({ kind: 'Failed', error });
    }
  }

  onReadable(listener: WakeListener): void {
    // A checkpoint was due but the position had not moved. Check again after the same interval.
    const checkpointInMs = this.checkpointInMs() > 0 ? this.checkpointInMs() : this.settings.checkpointMs;
    this.timer.arm(Math.min(this.settings.order.releaseDueInMs() ?? Infinity, checkpointInMs), listener);
    this.logReader.onReadable(this.scannedTo, listener);
  }

  offReadable(listener: WakeListener): void {
    this.timer.clear();
    this.logReader.offReadable(listener);
  }

  dropRead(): void {
    this.scannedTo = this.settings.order.dropReady() ?? this.scannedTo;
    this.logReader.dropRead();
  }

  identityOf(message: StreamMessage): Identity {
    return identityOf(message);
  }

  eventsIn(message: StreamMessage): number {
    return message.kind === 'EventBatch' ? message.events.length : 0;
  }

  positionAfter(message: StreamMessage): Position | null {
    return endOf(message);
  }

  [Symbol.dispose](): void {
    this.logReader[Symbol.dispose]();
  }

  private async readStep(signal: AbortSignal): Promise<void> {
    const { order } = this.settings;
    if (order.hasReady) return yieldToEventLoop(); // events are being measured
    if (this.targetHead === null && this.logReader.isAtHead(this.scannedTo)) return order.releaseDue();
    const found = await this.logReader.stepFromMemory(this.scannedTo, signal);
    if (found === null && this.targetHead === null) return this.fallBehind();
    if (found !== null && found.upTo > this.scannedTo) return this.advance(found);
    const stored = await this.logReader.stepFromDatabase(this.scannedTo, signal);
    // Read after the events, so that it covers events removed during that read.
    const logStart = Math.min(await this.parts.logStart(), this.until) as Position;
    if (logStart <= this.scannedTo) return this.advance(stored);
    order.releaseAll();
    if (order.hasReady) return;
    await order.add({ events: [], upTo: logStart });
    this.scannedTo = logStart;
    this.pending.push({ kind: 'RetentionGap', from: this.reportedTo, to: logStart });
  }

  private async advance(step: Step): Promise<void> {
    await this.settings.order.add(this.clip(step));
    this.moveTo(step.upTo);
  }

  /** The part of a step up to `until`. */
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

/** Whether a retry cannot help. Unexpected errors are retried: the database may be going away. */
function isFinal(error: unknown): boolean {
  return error instanceof TidingsError && error.code !== 'UNAVAILABLE';
}

/** The minimum page size of reads from the database, for small batches. */
const minPageEvents = 100;
