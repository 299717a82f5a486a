import { byOccurred, byRank, bytesOf, isDelayed, type EventRow, type FeedEvent, type FeedRow, type Held } from './feed-rows.ts';
import { RowList } from './row-list.ts';

export interface FeedBounds {
  readonly maxRows: number;
  /** About the size of the rows in memory. */
  readonly maxBytes: number;
  /** Beyond, held events are only counted, and read again when they are to be shown. */
  readonly maxHeld: number;
}

/** Rows that `clear` hides. */
export interface HiddenRows<E> {
  readonly rows: RowList<FeedRow<E>>;
  hasOlder: boolean;
  readonly since: string;
}

/**
 * A window of the list of all events that match, newest first, into which live events are inserted.
 *
 * Assumes: a page continues the first or last row that it was requested for, and has all events that
 * were received before the request. Live events come in the order of the log, without a hole; after
 * a resumption the same one can come again.
 * Guarantees: the rows are a part of the plain query over all that was loaded and received, without
 * a hole and without a repetition, except that held events are missing. `hasNewer` and `hasOlder`
 * report whether more exist at an end. At most `maxRows` rows and `maxBytes`: the end that is far
 * from the reader is dropped. A batch costs O(batch × log rows).
 * Does not guarantee that rows disappear when the server removes their events.
 */
export class FeedModel<E extends FeedEvent> {
  rows: RowList<FeedRow<E>>;
  isHolding = false;
  hasOlder = false;
  /** Rows above the first one were dropped. Live events above it are counted as held. */
  hasNewer = false;
  /** With `hasNewer`: events between the rows can be missing. The list is to be loaded again to reach the newest. */
  hasHole = false;
  held: Held = noneHeld;
  hidden: HiddenRows<E> | null = null;
  /** How often events were missing. */
  gaps = 0;
  /** The index of the row that is being read. */
  reader = 0;
  #bytes = 0;
  #highest = 0;
  #lowest = 1;
  #pageRank = 0;
  /** All rows: shown, hidden and held. */
  readonly #byId = new Map<string, FeedRow<E>>();
  #heldRows: EventRow<E>[] = [];
  /** The cursor before the first held event. */
  #heldAfter: string | null = null;
  /** Events beyond the rows that arrived during the request of a page, which can miss them. */
  #below: EventRow<E>[] | null = null;
  #above: EventRow<E>[] | null = null;
  readonly #compare: (a: FeedRow<E>, b: FeedRow<E>) => number;
  readonly #bounds: FeedBounds;

  constructor(order: 'occurred' | 'log', bounds: FeedBounds) {
    this.#compare = order === 'log' ? byRank : byOccurred;
    this.#bounds = bounds;
    this.rows = new RowList(this.#compare);
  }

  /** The first page: replaces all rows. */
  load(events: readonly E[], hasOlder: boolean): void {
    this.#byId.clear();
    this.rows = new RowList(this.#compare);
    [this.#heldRows, this.#below, this.#above, this.#bytes, this.reader] = [[], null, null, 0, 0];
    [this.held, this.#heldAfter, this.hidden] = [noneHeld, null, null];
    [this.hasNewer, this.hasHole] = [false, false];
    this.#append(events);
    this.hasOlder = hasOlder;
  }

  /** Begins the request of a page below the last row. It ends with `addOlder`. */
  expectOlder(): void {
    this.#below = [];
  }

  /** The page below the last row; null if the request failed. */
  addOlder(events: readonly E[] | null, hasOlder: boolean): void {
    const below = this.#below ?? [];
    this.#below = null;
    if (events === null) return;
    this.#append(events);
    this.hasOlder = hasOlder;
    for (const row of below) this.#receive(row);
    if (this.reader > this.rows.length / 2) this.#trim();
  }

  /** Begins the request of a page of at most so many events above the first row. It ends with `addNewer`. */
  expectNewer(size: number): void {
    this.#above = [];
    // What arrives during the request is later in the log than the events of the page.
    this.#pageRank = this.#highest;
    this.#highest += size;
  }

  /** The page above the first row, newest first; null if the request failed. */
  addNewer(events: readonly E[] | null, hasNewer: boolean): void {
    const above = this.#above ?? [];
    this.#above = null;
    if (events === null) return;
    for (const event of events.toReversed()) {
      this.#pageRank += 1;
      if (!this.#byId.has(event.id)) this.#insert(this.#rowOf(event, this.#pageRank, null));
    }
    this.hasNewer = hasNewer;
    this.held = hasNewer ? { ...this.held, count: Math.max(0, this.held.count - above.length) } : noneHeld;
    for (const row of above) this.#receive(row);
    this.#trim();
  }

  /** Live events. `previous`: the cursor that they come after. */
  receive(events: readonly E[], previous: string): void {
    const now = performance.now();
    let after = previous;
    for (const event of events) {
      this.#receive(this.#rowOf(event, ++this.#highest, now), after);
      after = event.cursor;
    }
    this.#trim();
  }

  /**
   * Shows the held events. Returns how many came above a row. If they are not kept, or rows above the
   * first one were dropped, it does nothing: the caller reads them again.
   */
  reveal(id?: string): number {
    if (this.held.after !== null || this.hasNewer) return 0;
    const before = id === undefined ? -1 : this.indexOf(id);
    const rows = this.#heldRows;
    this.forgetHeld();
    const now = performance.now();
    for (const row of rows) this.#receive({ ...row, arrivedAt: now });
    const above = before === -1 || id === undefined ? 0 : this.indexOf(id) - before;
    this.reader += above;
    this.#trim();
    return above;
  }

  /** Before held events are read again. */
  forgetHeld(): void {
    for (const row of this.#heldRows) this.#byId.delete(row.event.id);
    [this.#heldRows, this.#heldAfter, this.held] = [[], null, noneHeld];
  }

  /** Adds a line above all rows: events are missing there. */
  addGap(reason: string, noticed: string): void {
    this.gaps += 1;
    if (this.hasNewer) return;
    const newest = this.rows.first();
    const gap = { id: `\0${this.gaps}`, reason, after: newest?.event?.received ?? null, noticed };
    const row = { event: null, gap, occurred: newest?.occurred ?? '', rank: ++this.#highest };
    this.rows.insert(row);
    this.#byId.set(gap.id, row);
  }

  /** Hides all rows: only what arrives from now on is shown. */
  clear(since: string): void {
    this.reveal();
    const isComplete = this.held.after === null && !this.hasNewer && this.unclear();
    if (isComplete) this.hidden = { rows: this.rows, hasOlder: this.hasOlder, since };
    else {
      this.load([], false);
      this.hidden = { rows: new RowList(this.#compare), hasOlder: true, since };
    }
    [this.rows, this.hasOlder, this.reader] = [new RowList(this.#compare), false, 0];
  }

  /** Shows the hidden rows again. Returns false if they are not kept: the list is to be loaded again. */
  unclear(): boolean {
    const { hidden } = this;
    if (hidden === null) return true;
    this.hidden = null;
    if (hidden.hasOlder && hidden.rows.length === 0) return false;
    const added = this.rows.slice();
    [this.rows, this.hasOlder] = [hidden.rows, hidden.hasOlder];
    for (const row of added) {
      if (!this.#isBelow(row)) this.rows.insert(row);
      else {
        this.#forget(row);
        if (row.gap === null) this.#below?.push(row);
      }
    }
    return true;
  }

  /** The index of an event or a gap by its id; -1 if it is not shown. */
  indexOf(id: string): number {
    const row = this.#byId.get(id);
    return row === undefined ? -1 : this.rows.indexOf(row);
  }

  rowOf(id: string): FeedRow<E> | undefined {
    return this.#byId.get(id);
  }

  /** `after`: the cursor before it; null for an event that is not to be held. */
  #receive(row: EventRow<E>, after: string | null = null): void {
    const known = this.#byId.get(row.event.id);
    // A page can have had an event that arrives only now: its rank in the log is known now.
    if (known !== undefined) return this.#rerank(known, row.rank);
    if (this.#isBelow(row)) return void this.#below?.push(row);
    const first = this.rows.first();
    const isAbove = first === undefined || this.#compare(row, first) < 0;
    if (this.hasNewer && isAbove) {
      this.#above?.push(row);
      this.held = { ...this.held, count: this.held.count + 1 };
    } else if (!this.isHolding || this.hasNewer || after === null) this.#insert(row);
    else this.#hold(row, after, !isAbove || isDelayed(row.event));
  }

  #hold(row: EventRow<E>, after: string, isLate: boolean): void {
    this.#heldAfter ??= after;
    const { count, late } = this.held;
    const isKept = this.held.after === null && count < this.#bounds.maxHeld;
    if (isKept) {
      this.#heldRows.push(row);
      this.#byId.set(row.event.id, row);
    } else {
      for (const each of this.#heldRows) this.#byId.delete(each.event.id);
      this.#heldRows = [];
    }
    this.held = { count: count + 1, late: isLate ? late + 1 : late, after: isKept ? null : this.#heldAfter };
  }

  #rerank(row: FeedRow<E>, rank: number): void {
    if (row.gap !== null) return;
    const list = [this.rows, this.hidden?.rows].find((each) => each?.remove(row));
    row.rank = rank;
    list?.insert(row);
  }

  /** Below the last row it belongs to a page that is not loaded yet. */
  #isBelow(row: FeedRow<E>): boolean {
    const last = this.rows.last();
    return this.hasOlder && last !== undefined && row.occurred < last.occurred && this.#compare(row, last) > 0;
  }

  #append(events: readonly E[]): void {
    for (const event of events) if (!this.#byId.has(event.id)) this.#insert(this.#rowOf(event, --this.#lowest, null));
  }

  #rowOf(event: E, rank: number, arrivedAt: number | null): EventRow<E> {
    return { event, gap: null, occurred: event.occurred, rank, arrivedAt, bytes: bytesOf(event) };
  }

  #insert(row: EventRow<E>): void {
    this.rows.insert(row);
    this.#byId.set(row.event.id, row);
    this.#bytes += row.bytes;
  }

  #forget(row: FeedRow<E> | undefined): void {
    if (row === undefined) return;
    this.#byId.delete(row.gap === null ? row.event.id : row.gap.id);
    if (row.gap === null) this.#bytes -= row.bytes;
  }

  /** Drops rows beyond the bounds: hidden ones first. */
  #trim(): void {
    const { maxRows, maxBytes } = this.#bounds;
    while (this.rows.length + (this.hidden?.rows.length ?? 0) > maxRows || (this.#bytes > maxBytes && this.rows.length > 1)) {
      if (this.hidden !== null && this.hidden.rows.length > 0) {
        this.#forget(this.hidden.rows.pop());
        this.hidden.hasOlder = true;
      } else if (this.reader > this.rows.length / 2) {
        this.#forget(this.rows.shift());
        this.reader -= 1;
        this.#detach();
      } else {
        this.#forget(this.rows.pop());
        [this.hasOlder, this.hidden] = [true, null];
      }
    }
  }

  /** Without its first rows, the list has no place for live events above. */
  #detach(): void {
    if (this.hasNewer) return;
    const [{ count, late, after }, rows] = [this.held, this.#heldRows];
    this.forgetHeld();
    [this.hasNewer, this.hasHole] = [true, after !== null];
    for (const row of rows) this.#receive(row);
    this.held = { count, late, after: null };
  }
}

const noneHeld: Held = { count: 0, late: 0, after: null };
