import { changedBuckets, bucketsOf } from '../../counts/buckets.ts';
import type { TimeBounds } from '../../filter/time-bounds.ts';
import type { Dimension } from '../../counts/dimensions.ts';
import { countKeys } from '../../counts/bucket-keys.ts';
import { CountTable, tallied } from '../../counts/count-table.ts';
import type { Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import { TidingsError } from '../../errors.ts';
import { Waiters, type Waiter } from '../../concurrency/wake-signal.ts';
import { CountPieces, type CountsUpdate } from './count-deltas.ts';
import type { KeptCounts } from './count-snapshot.ts';
import type { Walk } from '../log-reader.ts';

export interface CountsSubject {
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
export class CountFeed {
  private readonly name = `${(feeds += 1)}`;
  private pieces = new CountPieces();
  private pending = new CountTable();
  private reading: Promise<void> | null = null;
  /** Up to here it has walked; what lies behind `added` is pending. */
  private place: Position;
  private added: Position;
  /** How far retention has come, as it was told. */
  private removedUpTo: Position;
  private readonly removals = new Waiters();
  private editions = 0;
  private snapshotMade: CountsUpdate | null = null;
  /** Why it cannot go on. */
  private failure: TidingsError | null = null;

  constructor(
    private readonly subject: CountsSubject,
    private readonly log: { readonly walk: Walk; readonly count: (upTo: Position) => Promise<KeptCounts> },
    private counted: KeptCounts,
  ) {
    this.place = this.added = counted.upTo;
    this.removedUpTo = counted.after;
  }

  /** Where the last piece ends. */
  get end(): Position {
    return this.added;
  }

  /** Grows where what was said before is not true any more. */
  get edition(): number {
    return this.editions;
  }

  /** Tells it how far retention has come. */
  removed(upTo: Position): void {
    if (upTo <= this.removedUpTo) return;
    this.removedUpTo = upTo;
    this.removals.wake();
  }

  /** Adds what is known to match. READ: nothing more before a `read`, at least up to `atLeast`. Throws LIMIT_EXCEEDED. */
  advance(atLeast: Position): 'READ' | 'DONE' {
    for (;;) {
      if (this.failure !== null) throw this.failure;
      if (this.reading !== null || this.hasLost) return 'READ';
      const { place } = this;
      if (this.log.walk.isAtHead(place)) return place < atLeast ? 'READ' : 'DONE';
      const step = this.log.walk.known(place, stepLength);
      if (step === null) return 'READ';
      this.add(step);
    }
  }

  /** Moves one step, through the database if it must; one for all who ask meanwhile. */
  read(): Promise<void> {
    this.reading ??= this.readOn().finally(() => (this.reading = null));
    return this.reading;
  }

  /** Whether something was added that no piece has yet. */
  get hasNews(): boolean {
    return this.pending.total > 0;
  }

  onMore(waiter: Waiter): void {
    this.log.walk.onMore(this.place, waiter);
    this.removals.add(waiter);
  }

  offMore(waiter: Waiter): void {
    this.log.walk.offMore(waiter);
    this.removals.delete(waiter);
  }

  /** Makes a piece of what was added since the last. Throws LIMIT_EXCEEDED when the table gets too large. */
  cut(): void {
    if (!this.hasNews) return;
    const cells = this.pending.all();
    for (const cell of cells) this.counted.table.add(cell.keys, cell);
    this.counted.table.total += this.pending.total;
    this.pieces.add({ from: this.added, to: this.place, cells, total: this.pending.total });
    this.added = this.place;
    this.pending = new CountTable();
    this.snapshotMade = null;
    if (this.counted.table.size > mostBuckets) throw tooMany();
  }

  /** Everything up to `end`. Throws LIMIT_EXCEEDED. */
  snapshot(): CountsUpdate {
    if (this.snapshotMade !== null) return this.snapshotMade;
    const { dimensions, bounds } = this.subject;
    const { table } = this.counted;
    const { buckets, truncated } = bucketsOf(table, { dimensions, bounds, order: 'KEY', first: mostBuckets });
    if (truncated) throw tooMany();
    const cursor = this.added;
    this.snapshotMade = { kind: 'SNAPSHOT', buckets, total: table.total, cursor, identity: `${this.name}.${this.editions}:${cursor}` };
    return this.snapshotMade;
  }

  /** What was added from a place to `end`, as one; null when that is not kept any more. */
  since(place: Position): CountsUpdate | null {
    const table = this.pieces.since(place);
    if (table === null) return null;
    const cursor = this.added;
    const buckets = changedBuckets(table.all(), this.subject.dimensions);
    return { kind: 'DELTA', buckets, total: table.total, cursor, identity: `${this.name}.${this.editions}:${place}-${cursor}` };
  }

  close(): void {
    this.log.walk[Symbol.dispose]();
  }

  private get hasLost(): boolean {
    return this.removedUpTo > this.counted.after;
  }

  private async readOn(): Promise<void> {
    if (this.hasLost) return this.countAgain();
    const { place } = this;
    const remembered = await this.log.walk.remembered(place);
    this.add(remembered !== null && remembered.upTo > place ? remembered : await this.log.walk.stored(place));
  }

  private async countAgain(): Promise<void> {
    const counted = await this.log.count(this.place).catch((error: unknown) => {
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
    this.added = this.place;
    this.pending = new CountTable();
    this.pieces = new CountPieces();
    this.snapshotMade = null;
    this.editions += 1;
  }

  private add({ events, upTo }: Awaited<ReturnType<Walk['stored']>>): void {
    for (const event of events) {
      if (event.position <= this.counted.after) continue; // memory may reach back further than the log
      if (this.pending.size > mostBuckets) this.failure = tooMany();
      if (this.failure !== null) break;
      const one = tallied(1, event.occurred, event.occurred);
      for (const keys of countKeys(this.subject.dimensions, event)) this.pending.add(keys, one);
      this.pending.total += 1;
    }
    this.place = upTo;
  }
}

function tooMany(): TidingsError {
  const message = `by: expected at most ${mostBuckets} buckets in a live count, got more; count fewer events, or by fewer segments or coarser times`;
  return new TidingsError('LIMIT_EXCEEDED', message, { path: ['by'] });
}

/** So that no two feeds have updates of the same identity. */
let feeds = 0;
const stepLength = 1000;
const mostBuckets = 10_000;
