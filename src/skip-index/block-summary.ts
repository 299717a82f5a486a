import type { Position } from '../event/cursor.ts';
import type { Term } from './terms.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Instant } from '../event/instant.ts';
import type { SignatureBuilder } from './bloom-filter-builder.ts';
import type { TermCollector } from './term-builder.ts';

/**
 * A digest: what some events that follow one another in the log say, in little space, so that whoever looks for events
 * can pass over them. Those of a stretch of the log that occurred far from the others have a digest of their own, or
 * one wrong clock would stretch the times of all.
 *
 * Promises: an event at a position from `first` to `last` that occurred from `firstOccurred` to `lastOccurred`, both
 * inclusive, has all its terms and all its signature's bits here; every event of the stretch is in exactly one digest.
 * Does not promise the contrary: terms and bits are hashes, and do not say which event they are of.
 */
export interface Digest {
  readonly first: Position;
  readonly last: Position;
  /** Tells the digests of one stretch apart: 0 to 2. */
  readonly part: number;
  readonly firstOccurred: Instant;
  readonly lastOccurred: Instant;
  readonly firstReceived: Instant;
  readonly lastReceived: Instant;
  readonly terms: readonly Term[];
  readonly signature: Uint8Array;
}

interface Makers {
  readonly terms: TermCollector;
  readonly signature: SignatureBuilder;
  /** Of all the digests of the chapter. */
  readonly together: SignatureBuilder;
}

export function digest(
  events: readonly StoredEvent[],
  place: Pick<Digest, 'first' | 'last' | 'part'>,
  { terms, signature, together }: Makers,
): Digest {
  for (const event of events) {
    terms.add(event);
    signature.add(event);
  }
  const collected = terms.take();
  signature.mark(collected.marks);
  together.merge(signature);
  const [firstOccurred, lastOccurred] = edges(events, 'occurred');
  const [firstReceived, lastReceived] = edges(events, 'received');
  return {
    ...place,
    firstOccurred,
    lastOccurred,
    firstReceived,
    lastReceived,
    terms: collected.terms,
    signature: signature.take(),
  };
}

/** The first and the last of their times. */
function edges(events: readonly StoredEvent[], time: 'occurred' | 'received'): readonly [first: Instant, last: Instant] {
  const [one] = events;
  if (one === undefined) throw new Error('a digest of no events');
  let first = one[time];
  let last = first;
  for (const { [time]: instant } of events) {
    if (instant < first) first = instant;
    else if (instant > last) last = instant;
  }
  return [first, last];
}
