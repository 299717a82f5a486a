import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Instant } from '../event/instant.ts';
import type { BloomFilterBuilder } from './bloom-filter-builder.ts';

/**
 * A block summary: Bloom filter and times of consecutive events of the log. A search skips
 * the events of a block whose summary excludes its filter. Events of a block that occurred far from
 * the others form a cluster with a summary of its own. Otherwise one wrong clock would widen the
 * times of the whole block.
 *
 * Guarantees: an event at a position from `first` to `last` that occurred from `firstOccurred` to
 * `lastOccurred` has all its terms and Bloom filter bits here. All bounds are inclusive. Every
 * event of the block is in exactly one summary.
 * Does not guarantee the converse: bits are hashes, and do not identify an event.
 */
export interface BlockSummary {
  readonly first: Position;
  readonly last: Position;
  /** Distinguishes the summaries of one block: 0 to 2. */
  readonly cluster: number;
  readonly firstOccurred: Instant;
  readonly lastOccurred: Instant;
  readonly firstReceived: Instant;
  readonly lastReceived: Instant;
  readonly bloom: Uint8Array;
}

interface Builders {
  readonly bloom: BloomFilterBuilder;
  /** Over all summaries of the row group. */
  readonly rowGroupBloom: BloomFilterBuilder;
}

/** Builds the summary of one cluster, a step for each event, and adds its Bloom filter to that of the row group. */
export function* summarize(
  events: readonly StoredEvent[],
  range: Pick<BlockSummary, 'first' | 'last' | 'cluster'>,
  { bloom, rowGroupBloom }: Builders,
): Generator<undefined, BlockSummary> {
  for (const event of events) {
    bloom.add(event);
    yield;
  }
  rowGroupBloom.merge(bloom);
  const [firstOccurred, lastOccurred] = timeRangeOf(events, 'occurred');
  const [firstReceived, lastReceived] = timeRangeOf(events, 'received');
  return {
    ...range,
    firstOccurred,
    lastOccurred,
    firstReceived,
    lastReceived,
    bloom: bloom.take(),
  };
}

/** The first and the last time of the events. */
function timeRangeOf(events: readonly StoredEvent[], time: 'occurred' | 'received'): readonly [first: Instant, last: Instant] {
  const [firstEvent] = events;
  if (firstEvent === undefined) throw new Error('a block summary needs at least one event');
  let first = firstEvent[time];
  let last = first;
  for (const { [time]: instant } of events) {
    if (instant < first) first = instant;
    else if (instant > last) last = instant;
  }
  return [first, last];
}
