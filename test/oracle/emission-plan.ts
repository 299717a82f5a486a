import * as fc from 'fast-check';
import { anyEvent } from '../support/oracles/random-filters.ts';
import { randomOf, type Random } from './random.ts';

/** A batch to emit, and its expected result. */
export interface Emission {
  readonly items: readonly Item[];
  readonly onError: 'REJECT_ALL' | 'SKIP_REJECTED';
  /** Servers that receive it, at the same time. */
  readonly servers: readonly number[];
  /** Server that must return the events once they are acknowledged; null: none. */
  readonly checkedAt: number | null;
  readonly pauseMs: number;
}

export interface Item {
  readonly event: EventInput;
  /**
   * NEW: not stored before. STORED: acknowledged, or earlier in this batch.
   * CONFLICT: its id is stored with other content.
   */
  readonly expect: 'NEW' | 'STORED' | 'CONFLICT';
}

export interface EventInput {
  readonly id: string;
  readonly resource: { readonly id: string; readonly labels?: Readonly<Record<string, string>> };
  readonly follows?: string;
  readonly payload?: Readonly<Record<string, unknown>>;
}

export interface EmissionSizes {
  readonly emitters: number;
  readonly servers: number;
}

/**
 * Some emitters send large batches, which take long; others send small ones, which overtake them.
 */
const emitterProfiles = [
  { batches: 10, maxBatchEvents: 120 },
  { batches: 20, maxBatchEvents: 4 },
  { batches: 20, maxBatchEvents: 4 },
] as const;

/** The batches of each emitter in a round, in order. */
export function planEmissions(seed: number, round: number, sizes: EmissionSizes): readonly (readonly Emission[])[] {
  const drawn = fc.sample(anyEvent, { seed: seed + round, numRuns: 400 });
  return Array.from({ length: sizes.emitters }, (_, emitter) => {
    const random = randomOf(seed, round, 'emitter', emitter);
    const emissions = emissionsOf(`r${round}-e${emitter}-`, {
      random,
      drawn,
      ...emitterProfiles[emitter % emitterProfiles.length]!,
      ...sizes,
    });
    if (emitter > 0 || round % burstEvery !== burstEvery - 1) return emissions;
    return emissions.toSpliced(random.between(0, emissions.length), 0, ...burst(`r${round}-burst-`, random, sizes));
  });
}

interface Sources {
  readonly random: Random;
  readonly drawn: readonly object[];
  readonly servers: number;
  /** Batches per emitter and round. */
  readonly batches: number;
  /** Maximum number of events in a batch. */
  readonly maxBatchEvents: number;
}

function emissionsOf(prefix: string, { random, drawn, servers: size, batches, maxBatchEvents }: Sources): readonly Emission[] {
  const stored: EventInput[] = [];
  const emissions: Emission[] = [];
  let next = 0;
  const newEvent = (): EventInput => {
    const { follows: _drawn, ...event } = random.pick(drawn) as EventInput;
    const number = next++;
    const follows = predecessorOf(number, random);
    // Large events fill the TCP windows of sockets that are not read.
    const filler = random.chance(0.06) ? { payload: { ...event.payload, filler: 'x'.repeat(random.between(1, 40) * 1000) } } : {};
    return { ...event, ...filler, id: `${prefix}${number}`, ...(follows === null ? {} : { follows: `${prefix}${follows}` }) };
  };
  const add = (items: readonly Item[], onError: Emission['onError']): void => {
    const servers = [random.between(0, size - 1)];
    if (random.chance(0.1)) servers.push(random.between(0, size - 1));
    const checkedAt = random.chance(0.15) ? random.between(0, size - 1) : null;
    emissions.push({ items, onError, servers, checkedAt, pauseMs: random.chance(0.1) ? random.between(0, 400) : 0 });
  };
  for (let batch = 0; batch < batches; batch += 1) {
    const events = Array.from({ length: random.chance(0.3) ? 1 : random.between(1, maxBatchEvents) }, newEvent);
    const items: Item[] = events.map((event) => ({ event, expect: 'NEW' }));
    if (random.chance(0.1)) items.push({ event: random.pick(events), expect: 'STORED' });
    if (stored.length > 0 && random.chance(0.1)) items.unshift({ event: random.pick(stored), expect: 'STORED' });
    const onError = random.pick(['REJECT_ALL', 'SKIP_REJECTED'] as const);
    if (stored.length > 0 && random.chance(0.08)) {
      const event = { ...random.pick(stored), payload: { conflict: batch } };
      const withConflict = items.toSpliced(random.between(0, items.length), 0, { event, expect: 'CONFLICT' });
      add(withConflict, onError);
      if (onError === 'REJECT_ALL') add(items, onError);
    } else {
      add(items, onError);
    }
    stored.push(...events);
  }
  return emissions;
}

/** More events at once than a server keeps in memory: subscribers that do not read fall behind. */
function burst(prefix: string, random: Random, { servers }: EmissionSizes): readonly Emission[] {
  return Array.from({ length: 12 }, (_, batch) => ({
    items: Array.from({ length: 1000 }, (_, index) => {
      const event = { id: `${prefix}${batch * 1000 + index}`, event: random.pick(['a.burst', 'burst']), resource: { id: 'a' } };
      return { event, expect: 'NEW' } as const;
    }),
    onError: 'REJECT_ALL',
    servers: [random.between(0, servers - 1)],
    checkedAt: null,
    pauseMs: 0,
  }));
}

/** Rounds between bursts. */
const burstEvery = 3;

/** Most predecessors were emitted before; some follow later, in this or another batch, or never. */
function predecessorOf(number: number, random: Random): number | null {
  if (random.chance(0.4)) return null;
  if (random.chance(0.6)) return Math.max(0, number - random.between(0, 60));
  return random.chance(0.02) ? 1e9 : number + random.between(0, 60);
}
