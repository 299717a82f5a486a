import { changedBuckets, bucketsOf, type CountBucket } from '../event/count-buckets.ts';
import type { TimeBounds } from '../event/count-spans.ts';
import type { Dimension } from '../event/count-by.ts';
import { countKeys } from '../event/count-keys.ts';
import { CountTable, tallied, type Cell } from '../event/count-table.ts';
import type { Position } from '../event/cursor.ts';
import type { Condition } from '../event/filter.ts';
import { TidingsError } from '../errors.ts';
import type { Waiter } from '../log/waiters.ts';
import type { Walk } from './walk.ts';

/** What a live count says. Adding up, from a SNAPSHOT on, gives what a query would say at the last message's cursor. */
export interface CountsUpdate {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly buckets: readonly CountBucket[];
  readonly total: number;
  readonly cursor: Position;
  /** Of updates with the same identity the content is the same. */
  readonly identity: string;
}

export interface CountsSubject {
  readonly filter: Condition;
  readonly dimensions: readonly Dimension[];
  readonly bounds: TimeBounds;
}

/**
 * A count that goes on, for all who ask for the same. It walks along the log when somebody asks, adds what matched, and keeps
 * what it added last in pieces, so that those who are a little behind get the pieces that they lack as one.
 *
 * Assumes: a table that was counted at `place`, and a tail that is followed. Promises: the table and the pieces, taken
 * together, hold every match up to where it has walked once, whatever comes late; an event costs the same however many are
 * stored. Does not promise to keep pieces for long: whoever lacks one that is gone gets a snapshot again. What retention
 * removes is not taken away.
 */
export class CountFeed {
  private readonly name = `${(feeds += 1)}`;
  private readonly pieces: Piece[] = [];
  private pending = new CountTable();
  private reading: Promise<void> | null = null;
  /** Up to here is in the table. */
  private added: Position;
  private snapshotMade: CountsUpdate | null = null;
  private overfull = false;

  constructor(
    private readonly subject: CountsSubject,
    private readonly walk: Walk,
    private readonly counted: { readonly table: CountTable; place: Position },
  ) {
    this.added = counted.place;
  }

  /** Where the last piece ends. */
  get end(): Position {
    return this.added;
  }

  /** Adds what is known to match. READ: nothing more before a `read`, at least up to `atLeast`. Throws LIMIT_EXCEEDED. */
  advance(atLeast: Position): 'READ' | 'DONE' {
    for (;;) {
      if (this.overfull) throw tooMany();
      if (this.reading !== null) return 'READ';
      const { place } = this.counted;
      if (this.walk.isAtHead(place)) return place < atLeast ? 'READ' : 'DONE';
      const step = this.walk.known(place, stepLength);
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
    this.walk.onMore(this.counted.place, waiter);
  }

  offMore(waiter: Waiter): void {
    this.walk.offMore(waiter);
  }

  /** Makes a piece of what was added since the last. Throws LIMIT_EXCEEDED when the table gets too large. */
  cut(): void {
    if (!this.hasNews) return;
    const cells = this.pending.all();
    for (const cell of cells) this.counted.table.add(cell.keys, cell);
    this.counted.table.total += this.pending.total;
    this.pieces.push({ from: this.added, to: this.counted.place, cells, total: this.pending.total });
    this.added = this.counted.place;
    this.pending = new CountTable();
    this.snapshotMade = null;
    let kept = this.pieces.reduce((sum, piece) => sum + piece.cells.length, 0);
    while (this.pieces.length > mostPieces || kept > mostKept) kept -= this.pieces.shift()?.cells.length ?? kept;
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
    this.snapshotMade = { kind: 'SNAPSHOT', buckets, total: table.total, cursor, identity: `${this.name}:${cursor}` };
    return this.snapshotMade;
  }

  /** What was added from a place to `end`, as one; null when that is not kept any more. */
  since(place: Position): CountsUpdate | null {
    const first = this.pieces.findIndex(({ from }) => from === place);
    if (first === -1) return null;
    const table = new CountTable();
    for (const { cells, total } of this.pieces.slice(first)) {
      for (const cell of cells) table.add(cell.keys, cell);
      table.total += total;
    }
    const cursor = this.added;
    const buckets = changedBuckets(table.all(), this.subject.dimensions);
    return { kind: 'DELTA', buckets, total: table.total, cursor, identity: `${this.name}:${place}-${cursor}` };
  }

  close(): void {
    this.walk[Symbol.dispose]();
  }

  private async readOn(): Promise<void> {
    const { place } = this.counted;
    const remembered = await this.walk.remembered(place);
    this.add(remembered !== null && remembered.upTo > place ? remembered : await this.walk.stored(place));
  }

  private add({ events, upTo }: Awaited<ReturnType<Walk['stored']>>): void {
    for (const event of events) {
      if (this.pending.size > mostBuckets) this.overfull = true;
      if (this.overfull) break;
      const one = tallied(1, event.occurred, event.occurred);
      for (const keys of countKeys(this.subject.dimensions, event)) this.pending.add(keys, one);
      this.pending.total += 1;
    }
    this.counted.place = upTo;
  }
}

interface Piece {
  readonly from: Position;
  readonly to: Position;
  readonly cells: readonly Cell[];
  readonly total: number;
}

function tooMany(): TidingsError {
  const message = `by: expected at most ${mostBuckets} buckets in a live count, got more; count fewer events, or by fewer segments or coarser times`;
  return new TidingsError('LIMIT_EXCEEDED', message, { path: ['by'] });
}

/** So that no two feeds have updates of the same identity. */
let feeds = 0;
const stepLength = 1000;
const mostBuckets = 10_000;
/** A client that is slower than so many updates, or so many buckets in them, begins again with a snapshot. */
const mostPieces = 32;
const mostKept = 20_000;
