import type { Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import type { Tail } from '../../log/tail.ts';
import { Waiters } from '../../concurrency/wake-signal.ts';
import type { Metrics } from '../../metrics.ts';
import { canonicalFilter } from '../../filter/canonical-filter.ts';
import { Matcher } from './filter-matcher.ts';

/**
 * Which of the events that pass the tail match which filters, found out once for all subscriptions.
 *
 * Assumes: a tail that passes every event once, in order, and holds a stretch back until it was attended to. Promises: a
 * watch knows every match from where it began, as places; equal filters share one, and an event costs only the filters
 * that it is filed under (`matcher`). A watch is no queue: it keeps some thousand places at most, for all who share it, and
 * says so when it has forgotten what is asked for. Then, as before it began, the log itself is looked at.
 */
export interface Watches {
  /** The watch of this filter; to be disposed of as often as it was asked for. */
  watch(filter: Condition): Watch;
}

/** The matches of one filter, for all who have an equal one. */
export interface Watch extends Disposable {
  /** In canonical form. */
  readonly filter: Condition;
  /** The places of the next matches after `from`, up to the tail's head, in order, at most `limit`; null: not known here. */
  after(from: Position, limit: number): readonly Position[] | null;
  /** Whether it knows every match after `from`. */
  knows(from: Position): boolean;
  /** Woken at every match, once the tail's head has moved over it, and when the tail stops. */
  readonly matches: Waiters;
}

/** What has been found out for one filter. */
interface Shared extends Watch {
  readonly places: Position[];
  /** Every match after this place is among `places`. */
  knownFrom: Position;
  watches: number;
}

/** Leaves others their turn whenever it has matched for `sliceMs`. */
export function createWatches(tail: Tail, metrics: Metrics, sliceMs: number = usualSliceMs): Watches {
  const matcher = new Matcher<() => Shared>();
  const shared = new Map<string, Shared>();
  /** The end of the stretch that is being attended to. */
  let attending: Position | null = null;

  const count = (): void => {
    for (const [filed, value] of Object.entries(matcher.sizes)) metrics.filters.set({ filed }, value);
  };
  const open = (key: string, filter: Condition): Shared => {
    const made: Shared = {
      filter,
      places: [],
      knownFrom: attending ?? tail.head(),
      watches: 0,
      matches: new Waiters(),
      after: (from, limit) => (made.knows(from) ? placesBetween(made.places, { from, to: tail.head(), limit }) : null),
      knows: (from) => from >= made.knownFrom,
      [Symbol.dispose]() {
        made.watches -= 1;
        if (made.watches > 0) return;
        remove();
        shared.delete(key);
        count();
      },
    };
    const remove = matcher.add(filter, () => made);
    shared.set(key, made);
    count();
    return made;
  };

  tail.attend(async (events, upTo) => {
    attending = upTo;
    const matched = new Set<Shared>();
    let began = performance.now();
    for (const event of events) {
      for (const group of matcher.candidates(event)) {
        if (group.matches(event)) for (const subscriber of group.subscribers) matched.add(remember(subscriber(), event.position));
        if (performance.now() - began < sliceMs) continue;
        await new Promise((resolve) => setImmediate(resolve)); // others' turn
        began = performance.now();
      }
    }
    return () => {
      attending = null;
      for (const { matches } of matched) matches.wake();
    };
  });
  tail.stopped.addEventListener('abort', () => shared.forEach(({ matches }) => matches.wake()));

  return {
    watch(filter) {
      const { key, condition } = canonicalFilter(filter);
      const watch = shared.get(key) ?? open(key, condition);
      watch.watches += 1;
      return watch;
    },
  };
}

function remember(shared: Shared, place: Position): Shared {
  const { places } = shared;
  places.push(place);
  if (places.length > mostPlaces) shared.knownFrom = places.splice(0, mostPlaces >> 1).at(-1) ?? shared.knownFrom;
  return shared;
}

interface Stretch {
  readonly from: Position;
  readonly to: Position;
  readonly limit: number;
}

/** The first `limit` of the places, which are in order, that lie after `from` and not after `to`. */
function placesBetween(places: readonly Position[], { from, to, limit }: Stretch): readonly Position[] {
  const found: Position[] = [];
  for (let index = firstAfter(places, from); found.length < limit; index += 1) {
    const place = places[index];
    if (place === undefined || place > to) break;
    found.push(place);
  }
  return found;
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
const usualSliceMs = 10;
