import { ColumnChunksBuilder, type ColumnChunks } from './columns/column-chunks.ts';
import type { StoredEvent } from '../event/event.ts';
import { toMicros, type Instant } from '../event/instant.ts';
import { BloomFilterBuilder } from './bloom-filter-builder.ts';
import { TermBuilder } from './term-builder.ts';
import { type BlockSummary, summarize } from './block-summary.ts';

/** The digests of some stretches that follow one another, one signature for all of them, to be asked before theirs, and the events' columns. */
export interface RowGroup {
  readonly summaries: readonly BlockSummary[];
  readonly bloom: Uint8Array;
  /** Null where there are no events. */
  readonly columns: ColumnChunks | null;
}

/** How many events make a stretch. Fewer: more digests to look through; more: more events to read for one that matches. */
export const blockEvents = 64;

/** How many stretches make a chapter. Fewer: more to look through; more: more events at the log's end without a digest. */
export const rowGroupBlocks = 16;

/** Makes one chapter, stretch by stretch. */
export interface RowGroupBuilder {
  /** A stretch: events that follow one another in the log, and the stretch before. */
  add(block: readonly StoredEvent[]): void;
  rowGroup(): RowGroup;
}

export function createRowGroupBuilder(): RowGroupBuilder {
  const builders = { terms: new TermBuilder(), bloom: new BloomFilterBuilder(), rowGroupBloom: new BloomFilterBuilder() };
  const columns = new ColumnChunksBuilder();
  const summaries: BlockSummary[] = [];
  return {
    add(block) {
      const [first, last] = [block.at(0)?.position, block.at(-1)?.position];
      if (first === undefined || last === undefined) return;
      block.forEach((event) => columns.add(event));
      clustersByTime(block).forEach((events, cluster) => summaries.push(summarize(events, { first, last, cluster }, builders)));
    },
    rowGroup: () => ({ summaries, bloom: builders.rowGroupBloom.take(), columns: columns.columns() }),
  };
}

/** The events around the middle time, those long before and those long after; only groups that have any. */
function clustersByTime(block: readonly StoredEvent[]): readonly (readonly StoredEvent[])[] {
  const times = block.map(({ occurred }) => occurred).toSorted();
  const middle = times[times.length >> 1];
  const [first, last] = [times.at(0), times.at(-1)];
  if (middle === undefined || first === undefined || last === undefined) return [];
  const distanceOf = (time: Instant): bigint => toMicros(time) - toMicros(middle);
  if (distanceOf(first) >= -maxClusterDistanceMicros && distanceOf(last) <= maxClusterDistanceMicros) return [block];
  const clusters: [StoredEvent[], StoredEvent[], StoredEvent[]] = [[], [], []];
  for (const event of block) {
    const distance = distanceOf(event.occurred);
    clusters[distance < -maxClusterDistanceMicros ? 1 : distance > maxClusterDistanceMicros ? 2 : 0].push(event);
  }
  return clusters.filter((cluster) => cluster.length > 0);
}

/** Microseconds: an hour. */
const maxClusterDistanceMicros = 3_600_000_000n;
