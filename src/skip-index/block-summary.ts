import type { Position } from '../event/cursor.ts';
import type { Term } from './terms.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Instant } from '../event/instant.ts';
import type { BloomFilterBuilder } from './bloom-filter-builder.ts';
import type { TermBuilder } from './term-builder.ts';

/**
 * A digest: what some events that follow one another in the log say, in little space, so that whoever looks for events
 * can pass over them. Those of a stretch of the log that occurred far from the others have a digest of their own, or
 * one wrong clock would stretch the times of all.
 *
 * Promises: an event at a position from `first` to `last` that occurred from `firstOccurred` to `lastOccurred`, both
 * inclusive, has all its terms and all its signature's bits here; every event of the stretch is in exactly one digest.
 * Does not promise the contrary: terms and bits are hashes, and do not say which event they are of.
 */
export interface BlockSummary {
  readonly first: Position;
  readonly last: Position;
  /** Tells the digests of one stretch apart: 0 to 2. */
  readonly cluster: number;
  readonly firstOccurred: Instant;
  readonly lastOccurred: Instant;
  readonly firstReceived: Instant;
  readonly lastReceived: Instant;
  readonly terms: readonly Term[];
  readonly bloom: Uint8Array;
}

interface Builders {
  readonly terms: TermBuilder;
  readonly bloom: BloomFilterBuilder;
  /** Of all the digests of the chapter. */
  readonly rowGroupBloom: BloomFilterBuilder;
}

export function summarize(
  events: readonly StoredEvent[],
  range: Pick<BlockSummary, 'first' | 'last' | 'cluster'>,
  { terms, bloom, rowGroupBloom }: Builders,
): BlockSummary {
  for (const event of events) {
    terms.add(event);
    bloom.add(event);
  }
  const built = terms.take();
  bloom.addHashes(built.bloomKeys);
  rowGroupBloom.merge(bloom);
  const [firstOccurred, lastOccurred] = timeRangeOf(events, 'occurred');
  const [firstReceived, lastReceived] = timeRangeOf(events, 'received');
  return {
    ...range,
    firstOccurred,
    lastOccurred,
    firstReceived,
    lastReceived,
    terms: built.terms,
    bloom: bloom.take(),
  };
}

/** The first and the last of their times. */
function timeRangeOf(events: readonly StoredEvent[], time: 'occurred' | 'received'): readonly [first: Instant, last: Instant] {
  const [firstEvent] = events;
  if (firstEvent === undefined) throw new Error('a digest of no events');
  let first = firstEvent[time];
  let last = first;
  for (const { [time]: instant } of events) {
    if (instant < first) first = instant;
    else if (instant > last) last = instant;
  }
  return [first, last];
}
