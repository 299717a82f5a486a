import type { Position } from '../../event/cursor.ts';
import type { CanonicalFilter } from '../../filter/canonical-filter.ts';
import type { Tail } from '../../log/tail.ts';
import { FilterMatcher } from './filter-matcher.ts';
import type { MatchedPositions } from './matched-positions.ts';
import { runTests, type MatchTests, type SlicedTestParts } from './sliced-tests.ts';

/**
 * Matches the filters of one client in its own turns, behind the head of the tail, so that they
 * delay no other client.
 *
 *   log      ------------|=================|============|
 *                        tail buffer       head         tail head
 *                                          '--> tests --^
 *
 * Assumes: `advance` is called after the tail's head has moved.
 * Guarantees:
 * - Every match after an entry's `knownFrom` up to `head` is recorded, once and in order.
 * - It keeps no events: it reads those of the tail buffer.
 * Does not guarantee: that it keeps up. If the buffer begins after `head`, or the database cannot
 * test an event, every entry forgets its positions; their readers read the log.
 */
export class ClientMatcher {
  private readonly matcher = new FilterMatcher<MatchedPositions>();
  private readonly entries = new Set<MatchedPositions>();
  private readonly matched = new Set<MatchedPositions>();
  private isRunning = false;
  private reached: Position;

  constructor(
    private readonly tail: Tail,
    private readonly parts: SlicedTestParts,
  ) {
    this.reached = tail.head();
  }

  get head(): Position {
    return this.reached;
  }

  get isEmpty(): boolean {
    return this.entries.size === 0;
  }

  get filterCounts(): FilterMatcher<unknown>['filterCounts'] {
    return this.matcher.filterCounts;
  }

  /** Returns the function that removes the entry. */
  add(filter: CanonicalFilter, entry: MatchedPositions): () => void {
    const remove = this.matcher.addCanonical(filter, entry);
    this.entries.add(entry);
    return () => {
      remove();
      this.entries.delete(entry);
    };
  }

  advance(): void {
    if (!this.isRunning) void this.run();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.isBehind()) await runTests(this.parts, this.tests()).catch(() => this.forget());
    this.isRunning = false;
  }

  private isBehind(): boolean {
    return this.entries.size > 0 && this.reached < this.tail.head() && !this.tail.stopped.aborted;
  }

  /** The tests of the next events in the tail buffer. */
  private *tests(): MatchTests<void> {
    const upTo = this.tail.head();
    const events = this.tail.bufferedAfter(this.reached, maxStepEvents);
    if (events === null) {
      this.forget();
      return;
    }
    for (const event of events) {
      for (const group of this.matcher.candidates(event)) {
        if (group.isExact || (yield { filter: group.filter, event })) this.record(group.subscribers, event.position);
      }
      this.moveTo(event.position);
      yield null;
    }
    if (events.length < maxStepEvents) this.moveTo(upTo);
  }

  private record(entries: Iterable<MatchedPositions>, position: Position): void {
    for (const entry of entries) {
      entry.record(position);
      this.matched.add(entry);
    }
  }

  private moveTo(position: Position): void {
    this.reached = position;
    for (const { matchSignal } of this.matched) matchSignal.wake();
    this.matched.clear();
  }

  private forget(): void {
    this.reached = this.tail.head();
    this.matched.clear();
    for (const entry of this.entries) entry.forget(this.reached);
  }
}

/** The events taken from the tail buffer at once. */
const maxStepEvents = 100;
