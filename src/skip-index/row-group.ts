import { ColumnChunksBuilder, type ColumnChunks } from './columns/column-chunks.ts';
import type { StoredEvent } from '../event/event.ts';
import { toMicros, type Instant } from '../event/instant.ts';
import { BloomFilterBuilder } from './bloom-filter-builder.ts';
import { type BlockSummary, summarize } from './block-summary.ts';

/**
 * A row group: the summaries of 16 consecutive blocks, one Bloom filter over all of them (tested
 * before the blocks' own), and the column chunks.
 */
export interface RowGroup {
  readonly summaries: readonly BlockSummary[];
  readonly bloom: Uint8Array;
  /** Null without events. */
  readonly columns: ColumnChunks | null;
}

/** Events of a block. Fewer: more summaries to search. More: more events to scan for one match. */
export const blockEvents = 64;

/**
 * Blocks of a row group. Fewer: more row groups to search. More: more unindexed events at the end
 * of the log.
 */
export const rowGroupBlocks = 16;

/** Builds one row group, block by block. */
export interface RowGroupBuilder {
  /**
   * Adds a block: consecutive events that follow the previous block. Takes two steps for each event,
   * since one with a large payload takes tens of milliseconds.
   */
  add(block: readonly StoredEvent[]): Generator<undefined, void>;
  rowGroup(): RowGroup;
}

export function createRowGroupBuilder(): RowGroupBuilder {
  const builders = { bloom: new BloomFilterBuilder(), rowGroupBloom: new BloomFilterBuilder() };
  const columns = new ColumnChunksBuilder();
  const summaries: BlockSummary[] = [];
  return {
    *add(block) {
      const [first, last] = [block.at(0)?.position, block.at(-1)?.position];
      if (first === undefined || last === undefined) return;
      for (const event of block) {
        columns.add(event);
        yield;
      }
      for (const [cluster, events] of clustersByTime(block).entries()) {
        summaries.push(yield* summarize(events, { first, last, cluster }, builders));
      }
    },
    rowGroup: () => ({ summaries, bloom: builders.rowGroupBloom.take(), columns: columns.columns() }),
  };
}

/**
 * Clusters the events of a block: near the median time, long before it and long after it. Omits
 * empty clusters.
 */
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

/** One hour. Events farther from the median time form their own cluster. */
const maxClusterDistanceMicros = 3_600_000_000n;
