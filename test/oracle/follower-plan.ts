import * as fc from 'fast-check';
import { anyFilter } from '../support/oracles/random-filters.ts';
import { randomOf, type Random } from './random.ts';
import type { Source } from './session.ts';

/** The request of a follower, and its connections, which repeat in order. */
export interface FollowerPlan {
  readonly name: string;
  readonly source: Source;
  readonly filter: object | null;
  readonly batchSize: number;
  /** Fields selected besides the ids. */
  readonly selection: string;
  /**
   * The head of an earlier round to start from, counted from the latest; null: the current head.
   */
  readonly start: number | null;
  /** Delay before the first connection. */
  readonly startDelayMs: number;
  readonly connections: readonly ConnectionPlan[];
}

export interface ConnectionPlan {
  readonly server: number;
  readonly durationMs: number;
  /** RESUMED_STREAM: an event stream that resumes as browsers do. */
  readonly transport: 'WEBSOCKET' | 'EVENT_STREAM' | 'RESUMED_STREAM';
  /** When it stops reading, and for how long; null: never. */
  readonly stall: { readonly afterMs: number; readonly ms: number } | null;
  readonly ending: 'DROP' | 'CLOSE' | 'COMPLETE';
  /** The cursor to resume from, as a fraction of the received ones; null: the last one. */
  readonly resumeFrom: number | null;
}

export interface FollowerSizes {
  readonly followers: number;
  /**
   * The number of followers without a filter. With retention only these have a known complete
   * result.
   */
  readonly unfiltered: number;
  readonly servers: number;
}

export function planFollowers(seed: number, round: number, sizes: FollowerSizes): readonly FollowerPlan[] {
  const drawn = fc.sample(anyFilter, { seed: seed - round - 1, numRuns: sizes.followers });
  return drawn.map((filter, index) => {
    const random = randomOf(seed, round, 'follower', index);
    const source = (['EVENTS', 'STREAM', 'CAUSAL', 'CLIENT'] as const)[index % 4]!;
    // As a client in JavaScript sends it, whose numbers are doubles.
    const drawnFilter: object | null = random.chance(0.5) ? JSON.parse(JSON.stringify(filter)) : simpleFilter(random, round);
    return {
      name: `r${round}-f${index}`,
      source,
      filter: index < sizes.unfiltered ? null : drawnFilter,
      batchSize: random.pick([1, 7, 100, 1000]),
      selection: random.pick(['', '', '', '', wholeEvent, wholeEvent, wholeEvent, nested]),
      start: (source === 'STREAM' || source === 'CAUSAL') && random.chance(0.15) ? null : random.pick([0, 0, 0, 1, 2]),
      startDelayMs: random.chance(0.5) ? 0 : random.between(0, 8000),
      connections: Array.from({ length: 12 }, () => connectionPlanOf(random, sizes.servers)),
    };
  });
}

/** Filters that are certain to match, and filters that equal others. */
function simpleFilter(random: Random, round: number): object | null {
  const emitter = random.between(0, 23);
  return random.pick([
    null,
    {},
    { event: { startsWith: ['a', 'b'] } },
    { resource: { id: { in: ['a', 'a.b'] } } },
    { related: [{ role: ['actor', 'a'] }] },
    { not: { resource: { id: { startsWith: ['a'] } } } },
    { payload: [{ path: 'filler', exists: random.chance(0.5) }] },
    { anyResource: [{ labels: [{ key: 'k', exists: true }] }] },
    { follows: Array.from({ length: 200 }, (_, number) => `r${round}-e${emitter}-${number}`) },
    { or: [{ event: { startsWith: ['a'] } }, { payload: [{ path: 'a', exists: true }] }] },
    { text: 'a' },
  ]);
}

function connectionPlanOf(random: Random, servers: number): ConnectionPlan {
  const durationMs = random.chance(0.3) ? random.between(20, 400) : random.between(400, 6000);
  const afterMs = random.between(0, durationMs);
  return {
    server: random.between(0, servers - 1),
    durationMs,
    transport: random.pick(['WEBSOCKET', 'WEBSOCKET', 'EVENT_STREAM', 'RESUMED_STREAM'] as const),
    stall: random.chance(0.35) ? { afterMs, ms: random.between(200, 5000) } : null,
    ending: random.pick(['DROP', 'DROP', 'CLOSE', 'COMPLETE'] as const),
    resumeFrom: random.chance(0.25) ? 1 - random.fraction() ** 3 : null,
  };
}

const wholeEvent = 'event occurred received payload resource { id: resourceId labels } related { id: resourceId role labels }';
const nested = 'payload follows { id cursor } followers(first: 1) { nodes { id } }';
