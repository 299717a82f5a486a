import { TimeSlice } from '../../concurrency/time-slices.ts';
import { WakeSignal } from '../../concurrency/wake-signal.ts';
import type { Position } from '../../event/cursor.ts';
import { canonicalFilter } from '../../filter/canonical-filter.ts';
import type { Condition } from '../../filter/filter.ts';
import type { Tail } from '../../log/tail.ts';
import type { Metrics } from '../../metrics.ts';
import { FilterMatcher } from './filter-matcher.ts';

/**
 * The matches of all subscriptions' filters among the events that pass the tail, found once for
 * equal filters and kept as positions.
 *
 *   tail        --- new events ---> observer: FilterMatcher ---> positions of each matching filter
 *   head moves  <-- done ----------'
 *                                   wake the readers of filters with a match
 *
 *   positions   ......|p p p p p p p p|
 *               knownFrom          tail head     before knownFrom: null, the caller reads the log
 *
 * Assumes: the tail passes every event once, in order. Its head does not pass an event before the
 * observer has finished with it.
 * Guarantees:
 * - The matches of a filter are complete from `knownFrom`, the tail's head when its first
 *   subscriber came, up to the tail's head.
 * - An event costs tests only of the filters that the matcher finds for it (`filter-matcher.ts`).
 * - A filter keeps at most `maxPositions` positions. Beyond that it drops the older half.
 * Does not guarantee: matches for a reader that is further behind. It is not a queue; such a reader
 * reads the log.
 */
export interface SharedMatches {
  /** Returns the matches of a filter. Must be disposed of once for each call. */
  filterMatches(filter: Condition): FilterMatches;
}

/** The matches of one filter, shared by all subscriptions with an equal one. */
export interface FilterMatches extends Disposable {
  /** In canonical form. */
  readonly filter: Condition;
  /**
   * The positions of the next matches after `from`, up to the tail's head, in order, at most
   * `limit`; null: not known.
   */
  after(from: Position, limit: number): readonly Position[] | null;
  /** Whether every match after `from` is known. */
  knows(from: Position): boolean;
  /** Wakes after the tail's head has passed a match, and when the tail stops. */
  readonly matchSignal: WakeSignal;
}

/** The matches of one filter, and the number of subscriptions that use it. */
interface SharedEntry extends FilterMatches {
  readonly positions: Position[];
  /** `positions` has every match after this one. */
  knownFrom: Position;
  users: number;
}

/** Matching yields to the event loop every `sliceMs`. */
export function createSharedMatches(tail: Tail, metrics: Metrics, sliceMs: number = defaultSliceMs): SharedMatches {
  const matcher = new FilterMatcher<() => SharedEntry>();
  const entries = new Map<string, SharedEntry>();
  /** The end of the events that the observer is processing; null if none. */
  let processingTo: Position | null = null;

  const updateMetrics = (): void => {
    for (const [index, count] of Object.entries(matcher.filterCounts)) metrics.subscriptionFilters.set({ index }, count);
  };
  const createEntry = (key: string, filter: Condition): SharedEntry => {
    const entry: SharedEntry = {
      filter,
      positions: [],
      knownFrom: processingTo ?? tail.head(),
      users: 0,
      matchSignal: new WakeSignal(),
      after: (from, limit) => (entry.knows(from) ? positionsBetween(entry.positions, { from, to: tail.head(), limit }) : null),
      knows: (from) => from >= entry.knownFrom,
      [Symbol.dispose]() {
        entry.users -= 1;
        if (entry.users > 0) return;
        remove();
        entries.delete(key);
        updateMetrics();
      },
    };
    const remove = matcher.add(filter, () => entry);
    entries.set(key, entry);
    updateMetrics();
    return entry;
  };

  tail.observe(async (events, upTo) => {
    processingTo = upTo;
    const matched = new Set<SharedEntry>();
    const slice = new TimeSlice(sliceMs);
    for (const event of events) {
      for (const group of matcher.candidates(event)) {
        if (group.matches(event)) for (const subscriber of group.subscribers) matched.add(recordMatch(subscriber(), event.position));
        if (slice.isOver()) await slice.next();
      }
    }
    return () => {
      processingTo = null;
      for (const { matchSignal } of matched) matchSignal.wake();
    };
  });
  tail.stopped.addEventListener('abort', () => entries.forEach(({ matchSignal }) => matchSignal.wake()));

  return {
    filterMatches(filter) {
      const { key, condition } = canonicalFilter(filter);
      const filterMatches = entries.get(key) ?? createEntry(key, condition);
      filterMatches.users += 1;
      return filterMatches;
    },
  };
}

function recordMatch(entry: SharedEntry, position: Position): SharedEntry {
  const { positions } = entry;
  positions.push(position);
  if (positions.length > maxPositions) entry.knownFrom = positions.splice(0, maxPositions >> 1).at(-1) ?? entry.knownFrom;
  return entry;
}

interface PositionRange {
  readonly from: Position;
  readonly to: Position;
  readonly limit: number;
}

/** Returns the first `limit` of the sorted positions after `from`, up to and including `to`. */
function positionsBetween(positions: readonly Position[], { from, to, limit }: PositionRange): readonly Position[] {
  const found: Position[] = [];
  for (let index = firstAfter(positions, from); found.length < limit; index += 1) {
    const position = positions[index];
    if (position === undefined || position > to) break;
    found.push(position);
  }
  return found;
}

function firstAfter(positions: readonly Position[], position: Position): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? Infinity) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** About the number of events in the tail buffer. */
const maxPositions = 10_000;
const defaultSliceMs = 10;
