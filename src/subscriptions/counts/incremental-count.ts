import { changedBuckets, bucketsOf } from '../../counts/buckets.ts';
import type { TimeBounds } from '../../filter/time-bounds.ts';
import type { Dimension } from '../../counts/dimensions.ts';
import { bucketKeys } from '../../counts/bucket-keys.ts';
import { CountTable, groupStats } from '../../counts/count-table.ts';
import type { Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import { TidingsError } from '../../errors.ts';
import { WakeSignal, type WakeListener } from '../../concurrency/wake-signal.ts';
import { CountDeltas, type CountUpdate } from './count-deltas.ts';
import type { CountSnapshot } from './count-snapshot.ts';
import type { LogReader } from '../log-reader.ts';

export interface CountDefinition {
  readonly filter: Condition;
  readonly dimensions: readonly Dimension[];
  readonly bounds: TimeBounds;
}

/**
 * A count that goes on, for all who ask for the same. It walks along the log when somebody asks, adds what matched, and keeps
 * what it added last in pieces, so that those who are a little behind get the pieces that they lack as one.
 *
 * Assumes: counts as of a place, a tail that is followed, and to be told of removal. Promises: the table and the pieces,
 * taken together, hold every match up to where it has walked once, whatever comes late; an event costs the same however many
 * are stored. Where retention has removed some of them, all is counted again: that begins the next edition, of which
 * everybody gets a snapshot. Does not promise to keep pieces for long: whoever lacks one that is gone gets a snapshot too.
 */
export class IncrementalCount {
  private readonly name = `${(instances += 1)}`;
  private deltas = new CountDeltas();
  private pending = new CountTable();
  private reading: Promise<void> | null = null;
  /** Up to here it has walked; what lies behind `added` is pending. */
  private position: Position;
  private deltaEnd: Position;
  /** How far retention has come, as it was told. */
  private logStart: Position;
  private readonly logStartSignal = new WakeSignal();
  private generationCount = 0;
  private cachedSnapshot: CountUpdate | null = null;
  /** Why it cannot go on. */
  private failure: TidingsError | null = null;

  constructor(
    private readonly definition: CountDefinition,
    private readonly log: { readonly logReader: LogReader; readonly count: (upTo: Position) => Promise<CountSnapshot> },
    private counted: CountSnapshot,
  ) {
    this.position = this.deltaEnd = counted.upTo;
    this.logStart = counted.after;
  }

  /** Where the last piece ends. */
  get end(): Position {
    return this.deltaEnd;
  }

  /** Grows where what was said before is not true any more. */
  get generation(): number {
    return this.generationCount;
  }

  /** Tells it how far retention has come. */
  advanceLogStart(upTo: Position): void {
    if (upTo <= this.logStart) return;
    this.logStart = upTo;
    this.logStartSignal.wake();
  }

  /** Adds what is known to match. READ: nothing more before a `read`, at least up to `atLeast`. Throws LIMIT_EXCEEDED. */
  advance(minPosition: Position): 'READ' | 'DONE' {
    for (;;) {
      if (this.failure !== null) throw this.failure;
      if (this.reading !== null || this.needsRecount) return 'READ';
      const { position } = this;
      if (this.log.logReader.isAtHead(position)) return position < minPosition ? 'READ' : 'DONE';
      const step = this.log.logReader.stepFromMatches(position, maxStepEvents);
      if (step === null) return 'READ';
      this.add(step);
    }
  }

  /** Moves one step, through the database if it must; one for all who ask meanwhile. */
  read(): Promise<void> {
    this.reading ??= this.readStep().finally(() => (this.reading = null));
    return this.reading;
  }

  /** Whether something was added that no piece has yet. */
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

  /** Makes a piece of what was added since the last. Throws LIMIT_EXCEEDED when the table gets too large. */
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

  /** Everything up to `end`. Throws LIMIT_EXCEEDED. */
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

  /** What was added from a place to `end`, as one; null when that is not kept any more. */
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
    if (this.needsRecount) return this.recount();
    const { position } = this;
    const buffered = await this.log.logReader.stepFromMemory(position);
    this.add(buffered !== null && buffered.upTo > position ? buffered : await this.log.logReader.stepFromDatabase(position));
  }

  private async recount(): Promise<void> {
    const counted = await this.log.count(this.position).catch((error: unknown) => {
      if (!(error instanceof TidingsError) || error.code === 'UNAVAILABLE') throw error;
      this.failure = error;
      return null;
    });
    if (counted === null) return;
    // Events can only have gone, so as many are the same ones.
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

  private add({ events, upTo }: Awaited<ReturnType<LogReader['stepFromDatabase']>>): void {
    for (const event of events) {
      if (event.position <= this.counted.after) continue; // memory may reach back further than the log
      if (this.pending.size > maxBuckets) this.failure = tooManyBuckets();
      if (this.failure !== null) break;
      const one = groupStats(1, event.occurred, event.occurred);
      for (const keys of bucketKeys(this.definition.dimensions, event)) this.pending.add(keys, one);
      this.pending.total += 1;
    }
    this.position = upTo;
  }
}

function tooManyBuckets(): TidingsError {
  const message = `by: expected at most ${maxBuckets} buckets in a live count, got more; count fewer events, or by fewer segments or coarser times`;
  return new TidingsError('LIMIT_EXCEEDED', message, { path: ['by'] });
}

/** So that no two feeds have updates of the same identity. */
let instances = 0;
const maxStepEvents = 1000;
const maxBuckets = 10_000;
