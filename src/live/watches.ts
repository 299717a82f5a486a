import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Condition } from '../event/filter.ts';
import type { Tail } from '../log/tail.ts';
import { Waiters } from '../log/waiters.ts';
import type { Metrics } from '../metrics.ts';
import { canonicalFilter } from './canonical-filter.ts';
import { Matcher } from './matcher.ts';

/**
 * Which of the events that pass the tail match which filters, found out once for all subscriptions.
 *
 * Assumes: a tail that passes every event once, in order, and holds a stretch back until it was attended to. Promises: a
 * watch knows every match from where it began, as places; equal filters share one, and an event costs only the filters
 * that it is filed under (`matcher`). A watch is no queue: it keeps some thousand places at most, for all who share it, and
 * says so when it has forgotten what is asked for. Then, as before it began, the log itself is looked at.
 */
export interface Watches {
  watch(filter: Condition): Watch;
}

export interface Watch extends Disposable {
  /** The places of matches after `from`, up to the tail's head, in order; null: not known here. */
  after(from: Position): readonly Position[] | null;
  /** Resolves when there is a match after `from`, when `signal` aborts, or when the tail stops. */
  matchedAfter(from: Position, signal: AbortSignal): Promise<void>;
}

/** What the watches of equal filters share. */
interface Shared {
  readonly places: Position[];
  /** Every match after this place is among `places`. */
  knownFrom: Position;
  readonly waiters: Waiters;
  watches: number;
  readonly remove: () => void;
}

export function createWatches(tail: Tail, metrics: Metrics): Watches {
  const matcher = new Matcher<() => Shared>();
  const shared = new Map<string, Shared>();
  /** The end of the stretch that is being attended to. */
  let attending: Position | null = null;

  const count = (): void => {
    for (const [filed, value] of Object.entries(matcher.sizes)) metrics.filters.set({ filed }, value);
  };
  const open = (key: string, filter: Condition): Shared => {
    const made: Shared = {
      places: [],
      knownFrom: attending ?? tail.head(),
      waiters: new Waiters(),
      watches: 0,
      remove: matcher.add(filter, () => made),
    };
    shared.set(key, made);
    count();
    return made;
  };

  tail.attend(async (events, upTo) => {
    attending = upTo;
    const matched = new Set<Shared>();
    let began = performance.now();
    for (const event of events) {
      for (const found of sharedBy(matcher, event)) matched.add(remember(found, event.position));
      if (performance.now() - began < sliceMs) continue;
      await new Promise((resolve) => setImmediate(resolve)); // others' turn
      began = performance.now();
    }
    return () => {
      attending = null;
      for (const { waiters } of matched) waiters.wake();
    };
  });
  tail.stopped.addEventListener('abort', () => shared.forEach(({ waiters }) => waiters.wake()));

  return {
    watch(filter) {
      const { key } = canonicalFilter(filter);
      const own = shared.get(key) ?? open(key, filter);
      own.watches += 1;
      const after = (from: Position): readonly Position[] | null => (from < own.knownFrom ? null : between(own.places, from, tail.head()));
      return {
        after,
        async matchedAfter(from, signal) {
          while (!signal.aborted && !tail.stopped.aborted && after(from)?.length === 0) await own.waiters.woken(signal);
        },
        [Symbol.dispose]() {
          own.watches -= 1;
          if (own.watches > 0) return;
          own.remove();
          shared.delete(key);
          count();
        },
      };
    },
  };
}

function sharedBy(matcher: Matcher<() => Shared>, event: StoredEvent): readonly Shared[] {
  return matcher.matching(event).flatMap(({ subscribers }) => Array.from(subscribers, (subscriber) => subscriber()));
}

function remember(shared: Shared, place: Position): Shared {
  const { places } = shared;
  places.push(place);
  if (places.length > mostPlaces) shared.knownFrom = places.splice(0, mostPlaces >> 1).at(-1) ?? shared.knownFrom;
  return shared;
}

/** Those of the places, which are in order, that lie after `from` and not after `to`. */
function between(places: readonly Position[], from: Position, to: Position): readonly Position[] {
  return places.slice(firstAfter(places, from), firstAfter(places, to));
}

function firstAfter(places: readonly Position[], place: Position): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] ?? Infinity) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** About what the tail's memory holds. */
const mostPlaces = 10_000;
const sliceMs = 10;
