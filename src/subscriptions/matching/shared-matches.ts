import type { Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import type { Tail } from '../../log/tail.ts';
import { TimeSlice } from '../../concurrency/time-slices.ts';
import { WakeSignal } from '../../concurrency/wake-signal.ts';
import type { Metrics } from '../../metrics.ts';
import { canonicalFilter } from '../../filter/canonical-filter.ts';
import { FilterMatcher } from './filter-matcher.ts';

/**
 * Which of the events that pass the tail match which filters, found out once for all subscriptions.
 *
 * Assumes: a tail that passes every event once, in order, and holds a stretch back until it was attended to. Promises: a
 * watch knows every match from where it began, as places; equal filters share one, and an event costs only the filters
 * that it is filed under (`matcher`). A watch is no queue: it keeps some thousand places at most, for all who share it, and
 * says so when it has forgotten what is asked for. Then, as before it began, the log itself is looked at.
 */
export interface SharedMatches {
  /** The watch of this filter; to be disposed of as often as it was asked for. */
  filterMatches(filter: Condition): FilterMatches;
}

/** The matches of one filter, for all who have an equal one. */
export interface FilterMatches extends Disposable {
  /** In canonical form. */
  readonly filter: Condition;
  /** The places of the next matches after `from`, up to the tail's head, in order, at most `limit`; null: not known here. */
  after(from: Position, limit: number): readonly Position[] | null;
  /** Whether it knows every match after `from`. */
  knows(from: Position): boolean;
  /** Woken at every match, once the tail's head has moved over it, and when the tail stops. */
  readonly matchSignal: WakeSignal;
}

/** What has been found out for one filter. */
interface SharedEntry extends FilterMatches {
  readonly positions: Position[];
  /** Every match after this place is among `places`. */
  knownFrom: Position;
  users: number;
}

/** Leaves others their turn whenever it has matched for `sliceMs`. */
export function createSharedMatches(tail: Tail, metrics: Metrics, sliceMs: number = defaultSliceMs): SharedMatches {
  const matcher = new FilterMatcher<() => SharedEntry>();
  const entries = new Map<string, SharedEntry>();
  /** The end of the stretch that is being attended to. */
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

/** The first `limit` of the places, which are in order, that lie after `from` and not after `to`. */
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

/** About what the tail's memory holds. */
const maxPositions = 10_000;
const defaultSliceMs = 10;
