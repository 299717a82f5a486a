import * as fc from 'fast-check';
import type { StoredEvent } from '../../../src/event/event.ts';
import { anyEvent } from '../../support/oracles/random-filters.ts';
import { sleep } from '../../../src/concurrency/sleep.ts';
import type { Fleet } from '../fleet.ts';
import { positionOf } from '../position.ts';
import { randomOf } from '../random.ts';
import type { RunStats } from '../stats.ts';
import { openWire } from '../wires/wire.ts';
import { filterByOneEvent } from './pager.ts';

/** A client that subscribes to the counts of a filter by event name, now and then from another server. */
export interface CounterPlan {
  readonly name: string;
  readonly filter: object;
  readonly intervalMs: number;
  /** Repeated in order. */
  readonly connections: readonly { readonly server: number; readonly durationMs: number }[];
}

/** The counts that a client has after a message: of its snapshot and all deltas since. */
export interface LiveCounts {
  readonly position: number;
  readonly total: number;
  readonly byName: ReadonlyMap<string, number>;
}

export function planCounters(
  seed: number,
  round: number,
  { counters, servers }: { readonly counters: number; readonly servers: number },
): readonly CounterPlan[] {
  return fc.sample(anyEvent, { seed: seed + 11 * round + 5, numRuns: counters }).map((event, index) => {
    const random = randomOf(seed, round, 'counter', index);
    return {
      name: `r${round}-c${index}`,
      filter: random.chance(0.4) ? {} : filterByOneEvent(random, event),
      intervalMs: random.pick([50, 200, 1000]),
      connections: Array.from({ length: 6 }, () => ({
        server: random.between(0, servers - 1),
        durationMs: random.between(500, 6000),
      })),
    };
  });
}

/** Follows the counts of a plan until the signal aborts. Returns them after each message. */
export async function followCounts(
  { filter, intervalMs, connections }: CounterPlan,
  { fleet, stats }: { readonly fleet: Fleet; readonly stats: RunStats },
  signal: AbortSignal,
): Promise<readonly LiveCounts[]> {
  const all: LiveCounts[] = [];
  for (let index = 0; !signal.aborted; index += 1) {
    const { server, durationMs } = connections[index % connections.length]!;
    let total = 0;
    let byName = new Map<string, number>();
    const wire = openWire(fleet.url(server), { query: countSubscription, variables: { filter, intervalMs } }, ({ eventCounts }) => {
      const { kind, buckets, cursor } = eventCounts;
      if (kind === 'SNAPSHOT') [total, byName] = [0, new Map()];
      total += eventCounts.total;
      byName = new Map(byName);
      for (const { keys, count } of buckets) byName.set(keys[0], (byName.get(keys[0]) ?? 0) + count);
      all.push({ position: positionOf(cursor), total, byName });
      stats.add(`${kind} counts`);
    });
    await Promise.race([wire.ended, sleep(durationMs, signal)]);
    wire.drop();
    await wire.ended;
    await sleep(100); // the server may be down
  }
  return all;
}

const countSubscription = `subscription ($filter: EventFilter, $intervalMs: Int) {
  eventCounts(filter: $filter, by: [{ event: {} }], intervalMs: $intervalMs) { kind total cursor buckets { keys count } } }`;

/** Returns the problems of counts: each must be that of the matches up to its position. */
export function judgeCounts(all: readonly LiveCounts[], matches: readonly Pick<StoredEvent, 'position' | 'event'>[]): readonly string[] {
  const problems: string[] = [];
  const expected = new Map<string, number>();
  let next = 0;
  for (const { position, total, byName } of all.toSorted((a, b) => a.position - b.position)) {
    for (; next < matches.length && matches[next]!.position <= position; next += 1) {
      const { event } = matches[next]!;
      expected.set(event, (expected.get(event) ?? 0) + 1);
    }
    if (total !== next) problems.push(`counted ${total} up to ${position}, but ${next} match`);
    for (const name of new Set([...expected.keys(), ...byName.keys()])) {
      const [got, wanted] = [byName.get(name) ?? 0, expected.get(name) ?? 0];
      if (got !== wanted) problems.push(`counted ${got} of ${JSON.stringify(name)} up to ${position}, but ${wanted} match`);
    }
  }
  return problems.slice(0, 3);
}
