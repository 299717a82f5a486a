import { createStateReport, reconnecting } from './follow/reconnecting.ts';
import type { StreamState } from './follow/stream-types.ts';
import { bucketSelection, type CountBucket, type Counts, type CountsRequest } from './reading.ts';
import { TidingsError } from './wire/client-error.ts';
import type { Wire } from './wire/wire.ts';

export interface LiveCountsRequest extends CountsRequest {
  /** The least time between two results: 1,000 by default. */
  readonly intervalMs?: number;
  readonly onState?: (state: StreamState) => void;
}

interface CountsUpdate extends Counts {
  readonly kind: string;
}

/**
 * Counts that stay true, added up: each result equals that of the query at its cursor, except for
 * empty intervals. A new connection begins with all counts, so nothing is counted twice.
 */
export function followCounts(wire: Wire, request: LiveCountsRequest, signal: AbortSignal): AsyncGenerator<Counts, void> {
  const { by, filter, intervalMs } = request;
  const report = createStateReport(request.onState);
  const query = `subscription LiveCounts($by: [CountBy!]!, $filter: EventFilter, $intervalMs: Int) {
    eventCounts(by: $by, filter: $filter, intervalMs: $intervalMs) { kind cursor total buckets { ${bucketSelection} } } }`;
  async function* connect(): AsyncGenerator<Counts, void> {
    let counts: Counts | null = null;
    for await (const { eventCounts } of wire.subscribe<{ eventCounts: CountsUpdate }>(query, { by, filter, intervalMs }, signal)) {
      report({ is: 'live' });
      counts = addCounts(counts, eventCounts, by);
      yield counts;
    }
    throw new TidingsError('UNAVAILABLE', 'The server ended the subscription.');
  }
  return reconnecting({ wire, report, signal }, connect);
}

/** The counts after a message. Other kinds than DELTA replace all counts, as SNAPSHOT does. */
export function addCounts(counts: Counts | null, { kind, cursor, total, buckets }: CountsUpdate, by: CountsRequest['by']): Counts {
  if (kind !== 'DELTA' || counts === null) return { buckets, total, cursor };
  const sums = new Map(counts.buckets.map((bucket) => [JSON.stringify(bucket.keys), bucket]));
  for (const added of buckets) {
    const key = JSON.stringify(added.keys);
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? added : sumOf(sum, added));
  }
  return { buckets: Array.from(sums.values()).toSorted((a, b) => compareBuckets(a, b, by)), total: counts.total + total, cursor };
}

function sumOf(a: CountBucket, b: CountBucket): CountBucket {
  return {
    ...a,
    count: a.count + b.count,
    firstOccurred: extreme(a.firstOccurred, b.firstOccurred, -1),
    lastOccurred: extreme(a.lastOccurred, b.lastOccurred, 1),
  };
}

/** Times have a fixed width, so their texts are in the order of time. */
function extreme(a: string | null, b: string | null, sign: 1 | -1): string | null {
  if (a === null || b === null) return a ?? b;
  return (a > b ? 1 : -1) === sign ? a : b;
}

/** The order of the server's buckets: times by time, text by code point, null last. */
function compareBuckets(a: CountBucket, b: CountBucket, by: CountsRequest['by']): number {
  for (const [index, dimension] of by.entries()) {
    const isTime = 'time' in dimension && dimension['time'] !== undefined;
    const [x = null, y = null] = isTime ? [a.start, b.start] : [a.keys[index], b.keys[index]];
    if (x === y) continue;
    if (x === null || y === null) return x === null ? 1 : -1;
    return compareCodePoints(x, y);
  }
  return 0;
}

function compareCodePoints(a: string, b: string): number {
  let at = 0;
  while (a[at] === b[at]) at += 1;
  return rankOf(a.charCodeAt(at)) - rankOf(b.charCodeAt(at));
}

/** Surrogates are last, the end of a text is first. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit || -1;
}
