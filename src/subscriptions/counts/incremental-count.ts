import { runInSlices, TimeSlice } from '../../concurrency/time-slices.ts';
import { WakeSignal, type WakeListener } from '../../concurrency/wake-signal.ts';
import { bucketKeysInSteps } from '../../counts/bucket-keys.ts';
import { bucketsOf, changedBuckets } from '../../counts/buckets.ts';
import { CountTable, groupStats } from '../../counts/count-table.ts';
import type { Dimension } from '../../counts/dimensions.ts';
import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import type { TimeBounds } from '../../filter/time-bounds.ts';
import type { LogReader } from '../log-reader.ts';
import type { Step } from '../page-reader.ts';
import { CountDeltas, type CountUpdate } from './count-deltas.ts';
import type { CountSnapshot } from './count-snapshot.ts';

export interface CountDefinition {
  readonly filter: Condition;
  readonly dimensions: readonly Dimension[];
  readonly bounds: TimeBounds;
}

/** How a count reads the log. */
export interface CountedLog {
  readonly logReader: LogReader;
  readonly count: (upTo: Position) => Promise<CountSnapshot>;
  /** Aborts when the last subscriber has left. */
  readonly signal: AbortSignal;
}

/**
 * A count that all subscribers with an equal definition share. It moves along the log when a reader
 * asks, and adds the events that match. It keeps the latest changes as deltas: a reader that is a
 * few deltas behind gets their sum as one message.
 *
 *   log      ---------------------------------------------------------------->
 *   counted  [ snapshot + deltas, reported ]|[ pending, not reported ]|
 *                                      deltaEnd                    position
 *
 * Assumes:
 * - `counted` is exact at its position `upTo`.
 * - The tail is followed for as long as the count is used.
 * - `advanceLogStart` is called after retention has removed events.
 * Guarantees:
 * - Table and pending events together hold every match up to `position` once.
 * - The cost of an event does not depend on the number of stored events.
 * - If counted events were removed, everything is counted again. That starts the next generation,
 *   of which every reader gets a snapshot.
 * Does not guarantee: deltas for readers far behind. They get a snapshot, too.
 */
export class IncrementalCount {
  private readonly name = `${(instances += 1)}`;
  private deltas = new CountDeltas();
  private pending = new CountTable();
  private reading: Promise<void> | null = null;
  /** Adds the rest of a step that takes long. */
  private adding: Generator<undefined, void> | null = null;
  /** The end of the events added; those after `deltaEnd` are pending. */
  private position: Position;
  private deltaEnd: Position;
  /** The log start, as last reported. */
  private logStart: Position;
  private readonly logStartSignal = new WakeSignal();
  private generationCount = 0;
  private cachedSnapshot: CountUpdate | null = null;
  /** Why the count cannot continue. */
  private failure: TidingsError | null = null;

  constructor(
    private readonly definition: CountDefinition,
    private readonly log: CountedLog,
    private counted: CountSnapshot,
  ) {
    this.position = this.deltaEnd = counted.upTo;
    this.logStart = counted.after;
  }

  /** The end of the last delta. */
  get end(): Position {
    return this.deltaEnd;
  }

  /** Increases when earlier messages have become wrong. */
  get generation(): number {
    return this.generationCount;
  }

  /** Reports that retention has removed the events up to a position. */
  advanceLogStart(upTo: Position): void {
    if (upTo <= this.logStart) return;
    this.logStart = upTo;
    this.logStartSignal.wake();
  }

  /**
   * Adds the matches in memory. Returns READ if a `read` is needed before it can continue, or to
   * reach `minPosition`. Throws LIMIT_EXCEEDED.
   */
  advance(minPosition: Position): 'READ' | 'DONE' {
    for (;;) {
      if (this.failure !== null) throw this.failure;
      if (this.reading !== null || this.adding !== null || this.needsRecount) return 'READ';
      const { position } = this;
      if (this.log.logReader.isAtHead(position)) return position < minPosition ? 'READ' : 'DONE';
      const step = this.log.logReader.stepFromMatches(position, maxStepEvents);
      if (step === null || !this.addAtOnce(step)) return 'READ';
    }
  }

  /** Moves one step, from memory or the database. Concurrent callers share one step. */
  read(): Promise<void> {
    this.reading ??= this.readStep().finally(() => (this.reading = null));
    return this.reading;
  }

  /** Whether events were added that no delta includes yet. */
  get hasPending(): boolean {
    return this.pending.total > 0;
  }

  onReadable(listener: WakeListener): void {
    this.log.logReader.onReadable(this.position, listener);
    this.logStartSignal.add(listener);
  }

  offReadable(listener: WakeListener): void {
    this.log.logReader.offReadable(listener);
    this.logStartSignal.delete(listener);
  }

  /** Makes a delta of the pending events. Throws LIMIT_EXCEEDED if the table gets too large. */
  flush(): void {
    if (!this.hasPending) return;
    const groups = this.pending.all();
    for (const group of groups) this.counted.table.add(group.keys, group);
    this.counted.table.total += this.pending.total;
    this.deltas.add({ from: this.deltaEnd, to: this.position, groups, total: this.pending.total });
    this.deltaEnd = this.position;
    this.pending = new CountTable();
    this.cachedSnapshot = null;
    if (this.counted.table.size > maxBuckets) throw tooManyBuckets();
  }

  /** The whole count up to `end`. Throws LIMIT_EXCEEDED. */
  snapshot(): CountUpdate {
    if (this.cachedSnapshot !== null) return this.cachedSnapshot;
    const { dimensions, bounds } = this.definition;
    const { table } = this.counted;
    const { buckets, truncated } = bucketsOf(table, { dimensions, bounds, order: 'KEY', first: maxBuckets });
    if (truncated) throw tooManyBuckets();
    const cursor = this.deltaEnd;
    this.cachedSnapshot = {
      kind: 'SNAPSHOT',
      buckets,
      total: table.total,
      cursor,
      identity: `${this.name}.${this.generationCount}:${cursor}`,
    };
    return this.cachedSnapshot;
  }

  /** The changes since a position, as one message; null if the deltas do not reach back to it. */
  since(position: Position): CountUpdate | null {
    const table = this.deltas.since(position);
    if (table === null) return null;
    const cursor = this.deltaEnd;
    const buckets = changedBuckets(table.all(), this.definition.dimensions);
    return { kind: 'DELTA', buckets, total: table.total, cursor, identity: `${this.name}.${this.generationCount}:${position}-${cursor}` };
  }

  close(): void {
    this.log.logReader[Symbol.dispose]();
  }

  private get needsRecount(): boolean {
    return this.logStart > this.counted.after;
  }

  private async readStep(): Promise<void> {
    if (this.adding !== null) {
      await runInSlices(this.adding);
      this.adding = null;
      return;
    }
    if (this.needsRecount) return this.recount();
    const { position } = this;
    const { logReader, signal } = this.log;
    const buffered = await logReader.stepFromMemory(position, signal);
    const step = buffered !== null && buffered.upTo > position ? buffered : await logReader.stepFromDatabase(position, signal);
    await runInSlices(this.add(step));
  }

  private async recount(): Promise<void> {
    const counted = await this.log.count(this.position).catch((error: unknown) => {
      if (!(error instanceof TidingsError) || error.code === 'UNAVAILABLE') throw error;
      this.failure = error;
      return null;
    });
    if (counted === null) return;
    // Retention only removes events. So an equal total means equal events.
    if (counted.table.total === this.counted.table.total + this.pending.total) {
      this.counted = { ...this.counted, after: counted.after };
      return;
    }
    this.counted = counted;
    this.deltaEnd = this.position;
    this.pending = new CountTable();
    this.deltas = new CountDeltas();
    this.cachedSnapshot = null;
    this.generationCount += 1;
  }

  /** Returns false if it takes long: then `readStep` adds the rest. */
  private addAtOnce(step: Step): boolean {
    const slice = new TimeSlice(sliceMs);
    const steps = this.add(step);
    while (steps.next().done !== true) {
      if (!slice.isOver()) continue;
      this.adding = steps;
      return false;
    }
    return true;
  }

  /** Adds the events of a step that are not added yet. */
  private *add({ events, upTo }: Step): Generator<undefined, void> {
    for (const event of events) {
      if (event.position <= Math.max(this.position, this.counted.after)) continue; // memory may still hold removed events
      if (this.pending.size > maxBuckets) this.failure = tooManyBuckets();
      if (this.failure !== null) break;
      yield* this.addEvent(event);
      this.position = event.position;
      yield;
    }
    this.position = upTo;
  }

  private *addEvent(event: StoredEvent): Generator<undefined, void> {
    const one = groupStats(1, event.occurred, event.occurred);
    try {
      for (const keys of yield* bucketKeysInSteps(this.definition.dimensions, event)) this.pending.add(keys, one);
      this.pending.total += 1;
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      this.failure = error;
    }
  }
}

function tooManyBuckets(): TidingsError {
  const message = `by: expected at most ${maxBuckets} buckets in a live count, got more; count fewer events, or by fewer segments or coarser times`;
  return new TidingsError('LIMIT_EXCEEDED', message, { path: ['by'] });
}

/** Numbers the counts, so that updates of two counts have different identities. */
let instances = 0;
const maxStepEvents = 1000;
const sliceMs = 5;
const maxBuckets = 10_000;
