import { TimeSlice, type TimeSlices } from '../../concurrency/time-slices.ts';
import type { WakeSignal } from '../../concurrency/wake-signal.ts';
import type { Position } from '../../event/cursor.ts';
import { canonicalFilter, type CanonicalFilter } from '../../filter/canonical-filter.ts';
import type { Condition } from '../../filter/filter.ts';
import { matchSteps } from '../../filter/match-steps.ts';
import type { Tail } from '../../log/tail.ts';
import { onCollect, type Metrics } from '../../metrics.ts';
import type { Database } from '../../store/database/database.ts';
import { ClientMatcher } from './client-matcher.ts';
import { FilterMatcher } from './filter-matcher.ts';
import { MatchedPositions } from './matched-positions.ts';

/**
 * The matches of all subscriptions' filters among the events that pass the tail, found once for
 * equal filters and kept as positions. There are two kinds of matchers:
 *
 *   tail        --- new events ---> common matcher: quick filters of all clients
 *   head moves  <-- done ----------'      '--> wakes the readers of filters with a match
 *      '----------> client matchers: the other filters of each client, in its own turns
 *                                         '--> wake their readers
 *
 *   positions   ......|p p p p p p p p|
 *               knownFrom          matcher's head     before knownFrom: the caller reads the log
 *
 * Assumes: the tail passes every event once, in order, or a step that begins after events that were
 * removed. Its head does not pass an event before the observer has finished with it.
 * Guarantees:
 * - The matches of a filter are complete from `knownFrom`, the tail's head when its first
 *   subscriber came or the end of removed events, up to the head of its matcher.
 * - An event costs tests only of the filters that a matcher finds for it (`filter-matcher.ts`).
 * - Before the head moves, an event costs at most `maxCommonSteps` for each client, however many
 *   filters a client has. Everything else takes only the turns of its own client.
 * Does not guarantee: matches for a reader that is further behind. It is not a queue; such a reader
 * reads the log.
 */
export interface SharedMatches {
  /** Returns the matches of a client's filter. Must be disposed of once for each call. */
  filterMatches(filter: Condition, client: string): FilterMatches;
}

/** The matches of one filter, shared by all subscriptions with an equal one. */
export interface FilterMatches extends Disposable {
  /** In canonical form. */
  readonly filter: Condition;
  /**
   * The positions of the next matches after `from`, up to `head`, in order, at most `limit`; null:
   * not known.
   */
  after(from: Position, limit: number): readonly Position[] | null;
  /** Whether every match after `from` up to `head` is known. */
  knows(from: Position): boolean;
  /** The position up to which events are matched: the tail's head, or behind it. */
  head(): Position;
  /** Wakes after `head` has passed a match, and when the tail stops. */
  readonly matchSignal: WakeSignal;
}

export interface SharedMatchesParts {
  readonly tail: Tail;
  readonly database: Database;
  readonly timeSlices: TimeSlices;
  readonly metrics: Pick<Metrics, 'subscriptionFilters'>;
}

/** The bounds of the common matcher. It yields to the event loop every `sliceMs`. */
export interface CommonMatcherBounds {
  readonly sliceMs: number;
  readonly maxSteps: number;
}

export function createSharedMatches(parts: SharedMatchesParts, bounds: CommonMatcherBounds = defaultBounds): SharedMatches {
  return new Matches(parts, bounds);
}

class Matches implements SharedMatches {
  private readonly common = new FilterMatcher<MatchedPositions>();
  /** The steps of the filters in the common matcher, by the client that added them. */
  private readonly commonSteps = new Map<string, number>();
  private readonly clients = new Map<string, ClientMatcher>();
  /** Of the common matcher by the key of the filter, of others by client and key. */
  private readonly entries = new Map<string, Entry>();
  /** The end of the events that the common matcher is processing; null if none. */
  private processingTo: Position | null = null;

  constructor(
    private readonly parts: SharedMatchesParts,
    private readonly bounds: CommonMatcherBounds,
  ) {
    const { tail, metrics } = parts;
    onCollect(metrics.subscriptionFilters, () => this.reportFilterCounts(metrics));
    tail.observe(async ({ events, from, upTo }) => {
      this.processingTo = upTo;
      if (from > tail.head()) this.entries.forEach((entry) => entry.forget(from));
      const matched = new Set<MatchedPositions>();
      const slice = new TimeSlice(bounds.sliceMs);
      for (const event of events) {
        for (const group of this.common.matching(event)) {
          for (const entry of group.subscribers) {
            entry.record(event.position);
            matched.add(entry);
          }
        }
        if (slice.isOver()) await slice.next();
      }
      return () => {
        this.processingTo = null;
        for (const { matchSignal } of matched) matchSignal.wake();
        for (const each of this.clients.values()) each.advance();
      };
    });
    tail.stopped.addEventListener('abort', () => this.entries.forEach(({ matchSignal }) => matchSignal.wake()));
  }

  filterMatches(filter: Condition, client: string): FilterMatches {
    const canonical = canonicalFilter(filter);
    const own = `${client} ${canonical.key}`;
    const found = this.entries.get(canonical.key) ?? this.entries.get(own);
    const add = (): Entry => (this.isQuick(canonical, client) ? this.addCommon(canonical, client) : this.addTo(client, own, canonical));
    const entry = found ?? add();
    entry.users += 1;
    return entry;
  }

  private isQuick({ condition }: CanonicalFilter, client: string): boolean {
    return (this.commonSteps.get(client) ?? 0) + matchSteps(condition) <= this.bounds.maxSteps;
  }

  private addCommon(canonical: CanonicalFilter, client: string): Entry {
    const { tail } = this.parts;
    const steps = matchSteps(canonical.condition);
    this.addSteps(client, steps);
    const positions = new MatchedPositions(this.processingTo ?? tail.head());
    const remove = this.common.addCanonical(canonical, positions);
    return this.open(canonical.key, new Entry(canonical.condition, positions, () => tail.head()), () => {
      remove();
      this.addSteps(client, -steps);
    });
  }

  private addTo(client: string, key: string, canonical: CanonicalFilter): Entry {
    const { tail, timeSlices } = this.parts;
    const database = this.parts.database.reads({ client });
    const matcher = this.clients.get(client) ?? new ClientMatcher(tail, { database, timeSlices, client });
    this.clients.set(client, matcher);
    const positions = new MatchedPositions(tail.head());
    const remove = matcher.add(canonical, positions);
    const head = (): Position => Math.max(matcher.head, positions.knownFrom) as Position;
    return this.open(key, new Entry(canonical.condition, positions, head), () => {
      remove();
      if (matcher.isEmpty) this.clients.delete(client);
    });
  }

  private open(key: string, entry: Entry, remove: () => void): Entry {
    entry.onUnused = () => {
      remove();
      this.entries.delete(key);
    };
    this.entries.set(key, entry);
    return entry;
  }

  private addSteps(client: string, steps: number): void {
    const total = (this.commonSteps.get(client) ?? 0) + steps;
    if (total > 0) this.commonSteps.set(client, total);
    else this.commonSteps.delete(client);
  }

  private reportFilterCounts({ subscriptionFilters }: SharedMatchesParts['metrics']): void {
    const counts = [this.common, ...this.clients.values()].map(({ filterCounts }) => filterCounts);
    for (const index of ['exact', 'inexact', 'none'] as const) {
      const total = counts.reduce((sum, each) => sum + each[index], 0);
      subscriptionFilters.set({ index }, total);
    }
  }
}

class Entry implements FilterMatches {
  users = 0;
  onUnused: () => void = () => undefined;

  constructor(
    readonly filter: Condition,
    private readonly positions: MatchedPositions,
    readonly head: () => Position,
  ) {}

  get matchSignal(): WakeSignal {
    return this.positions.matchSignal;
  }

  after(from: Position, limit: number): readonly Position[] | null {
    return this.knows(from) ? this.positions.between({ from, to: this.head(), limit }) : null;
  }

  knows(from: Position): boolean {
    return from >= this.positions.knownFrom;
  }

  forget(knownFrom: Position): void {
    this.positions.forget(knownFrom);
  }

  [Symbol.dispose](): void {
    this.users -= 1;
    if (this.users === 0) this.onUnused();
  }
}

/** The steps of one client take some 0.1 ms for an event, and 1 ms for the largest events. */
const maxCommonSteps = 2000;
const defaultBounds: CommonMatcherBounds = { sliceMs: 10, maxSteps: maxCommonSteps };
