import { sql, type SQL } from 'drizzle-orm';
import { TimeSlice } from '../../concurrency/time-slices.ts';
import { origin, type Position } from '../../event/cursor.ts';
import { timeBytes } from '../../skip-index/columns/column-chunks.ts';
import type { ColumnSelection } from '../../skip-index/columns/column-filter.ts';
import { selectedRanges } from '../../skip-index/columns/selected-ranges.ts';
import { partOf, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import { blockEvents } from '../../skip-index/row-group.ts';
import type { AdaptiveBatch } from '../database/adaptive-batch.ts';
import type { Database } from '../database/database.ts';
import type { PositionRange } from '../log/event-ranges.ts';
import { columnFragments, decodeColumns, type ColumnValues } from '../skip-index/column-reader.ts';
import { mayMatchSql } from '../skip-index/pruning-sql.ts';
import {
  atOrBeyond,
  between,
  blockColumns,
  blockRefOf,
  fromRow,
  isBlockRow,
  orderSql,
  type BlockRef,
  type BlockRow,
  type BlockWindow,
} from './block-windows.ts';
import type { PageBuilder } from './page-builder.ts';
import { directionOf, type PageRequest } from './page-request.ts';

interface ColumnSearch {
  readonly selection: ColumnSelection;
  /** Of the whole filter; here, only its times prune. */
  readonly predicate: PruningPredicate;
  readonly adaptiveBatch: AdaptiveBatch;
}

interface ColumnScan extends ColumnSearch {
  readonly builder: PageBuilder;
  /** Blocks of the first window; each further one reads four times as many, up to the maximum. */
  readonly initialBlocks: number;
  /** Adds the matches in these ranges to the builder. */
  readonly check: (ranges: readonly PositionRange[]) => Promise<void>;
}

/**
 * Continues a page by columns, for conditions that most blocks have and few events meet together.
 * It reads the columns of the row groups instead of their events, and tests only the events that
 * the columns select: a thirtieth of the cost. Leaves a page unfinished if columns select too many.
 *
 * Guarantees: as a block scan, all matches up to `builder.from`. Events of a row group that come
 * after the window are added early, which does not harm.
 */
export async function scanColumns(
  database: Database,
  request: PageRequest,
  { builder, initialBlocks, check, ...search }: ColumnScan,
): Promise<void> {
  for (let size = initialBlocks; builder.from !== null; size = Math.min(size * 4, maxBlocks)) {
    const { ranges, next, share } = await readColumnWindow(database, request, { ...search, from: builder.from, size });
    await check(ranges);
    builder.close({ blocks: [], next });
    if (share > maxShare) return;
  }
}

interface ColumnWindow {
  /** Ranges of positions that hold all matches of the window. */
  readonly ranges: readonly PositionRange[];
  /** As of a block window. */
  readonly next: BlockRef | null;
  /** The part of the events in its row groups that `ranges` hold: 0 to 1. */
  readonly share: number;
}

/**
 * Whether so many blocks pass that reading columns costs less. Not if the window is the last one:
 * then few blocks pass in all.
 */
export function isDense({ blocks, next }: BlockWindow): boolean {
  const first = Math.min(...blocks.map((block) => block.first));
  const last = Math.max(...blocks.map((block) => block.last));
  return next !== null && blocks.length > 0 && last - first < maxBlockDistance * blockEvents * blocks.length;
}

/** Reads the next window of `size` blocks, from a block on, in the direction of a page. */
async function readColumnWindow(
  database: Database,
  request: PageRequest,
  { from, size, ...search }: ColumnSearch & { readonly from: BlockRef; readonly size: number },
): Promise<ColumnWindow> {
  const direction = directionOf(request);
  // coalesce hides the times from the planner: the index that gives the order must serve.
  const rows = await database.rows<Partial<BlockRow> & { row_groups: string | null }>(sql`
    with w as materialized (
      select d.*
      from jsonb_to_recordset(${JSON.stringify([fromRow({ from })])}::text::jsonb)
        as k (first_occurred timestamptz, last_occurred timestamptz, last bigint, part smallint)
      cross join lateral (
        select * from tidings.digests d
        where ${between(request)} and ${atOrBeyond(direction)} and coalesce(${mayMatchSql(partOf(search.predicate, 'during'))}, false)
        order by ${orderSql(direction)}
        limit ${size + 1}
      ) d
    )
    select g.row_groups, d.*
    from (
      select json_agg(distinct d.chapter)::text as row_groups
      from (select * from w d order by ${orderSql(direction)} limit ${size}) d
    ) g
    left join lateral (select ${blockColumns} from w d order by ${orderSql(direction)} offset ${size} limit 1) d on true`);
  const [row] = rows;
  const rowGroups = JSON.parse(row?.row_groups ?? '[]') as readonly number[];
  const next = row !== undefined && isBlockRow(row) ? blockRefOf(row) : null;
  return { ...(await selectEvents(database, rowGroups, search)), next };
}

async function selectEvents(
  database: Database,
  rowGroups: readonly number[],
  { selection, adaptiveBatch }: ColumnSearch,
): Promise<Omit<ColumnWindow, 'next'>> {
  const ranges: PositionRange[] = [];
  let [events, selected] = [0, 0];
  for (let at = 0; at < rowGroups.length; at += maxRowGroups) {
    adaptiveBatch.checkDeadline();
    const rows = await database.rows<RowGroupRow>(columnsSql(rowGroups.slice(at, at + maxRowGroups), selection));
    const slice = new TimeSlice(sliceMs);
    for (const row of rows) {
      const range = { first: Number(row.first) as Position, last: Number(row.last) as Position };
      const found = row.count === null ? [range] : selectedRanges(selectionOf(row, selection), range);
      for (const each of found) {
        ranges.push(each);
        selected += each.last - each.first + 1;
      }
      events += range.last - range.first + 1;
      if (slice.isOver()) await slice.next();
    }
  }
  return { ranges, share: events === 0 ? 0 : selected / events };
}

function selectionOf(row: RowGroupRow, plan: ColumnSelection): Uint8Array {
  const { needs } = plan;
  const known = needs.map((_, index) => row[`known${index}`] === true);
  return plan.selection(decodeColumns(row, { needs, count: Number(row.count) }), known);
}

type RowGroupRow = ColumnValues &
  Readonly<Record<`known${number}`, boolean>> & {
    readonly first: string;
    readonly last: string;
    /** The number of events; null if an earlier version made the row group, without columns. */
    readonly count: string | null;
  };

function knownAt(index: number): SQL {
  return sql.raw(`known${index}`);
}

function columnsSql(rowGroups: readonly number[], { needs }: ColumnSelection): SQL {
  const { columns, joined, isKnown } = columnFragments(needs, knownAt);
  const known = isKnown.map((each, index) => sql`${each} as ${knownAt(index)}`);
  return sql`
    select
      c.last, octet_length(c.occurred) / ${timeBytes}::int as count, w.*,
      coalesce(c.first, (select b.last + 1 from tidings.digest_chapters b where b.last < c.last order by b.last desc limit 1), ${origin}) as first
      ${columns}
    from jsonb_array_elements_text(${JSON.stringify(rowGroups)}::text::jsonb) as wanted (last)
    join tidings.digest_chapters c on c.last = wanted.last::bigint
    ${joined}
    cross join lateral (select ${sql.join(known, sql`, `)}) w`;
}

/** Whether more than `maxTermBlocks` blocks have the terms of a predicate, by the term index. */
export async function areTermsFrequent(database: Database, predicate: PruningPredicate, maxTermBlocks: number): Promise<boolean> {
  const terms = mayMatchSql(partOf(predicate, 'terms'));
  const rows = await database.rows(sql`select from tidings.digests d where ${terms} offset ${maxTermBlocks} limit 1`);
  return rows.length > 0;
}

/** In blocks: two of the 16 blocks of a row group cost as much as its columns. */
const maxBlockDistance = 8;
/** Blocks of the largest window. */
const maxBlocks = 16_384;
/** If columns select more of the events, a page reads the blocks in steps, and stops when it is full. */
const maxShare = 0.25;
/** Row groups of a statement, which reads one or two megabytes. */
const maxRowGroups = 128;
/** Decoding yields to other requests after this time. */
const sliceMs = 10;
