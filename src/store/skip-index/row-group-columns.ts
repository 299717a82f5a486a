import { sql } from 'drizzle-orm';
import { mapInSlices, TimeSlice } from '../../concurrency/time-slices.ts';
import { timeBytes } from '../../skip-index/columns/column-chunks.ts';
import type { ColumnRef } from '../../skip-index/columns/column-ref.ts';
import type { PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { DecodedColumns } from '../../skip-index/columns/decoded-columns.ts';
import { origin, type Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import type { LogRange } from './block-ranges.ts';
import { columnCacheOf } from './column-cache.ts';
import { columnFragments, decodeColumns, type ColumnValues } from './column-reader.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { list } from '../filter-sql/sql-fragments.ts';
import { rowGroupPasses } from './pruning-sql.ts';

/** What a read of row groups needs, and does with each of them. */
export interface RowGroupVisitor {
  readonly needs: readonly ColumnRef[];
  readonly needsTimes: boolean;
  /** Only row groups that may have matches are read. */
  readonly predicate: PruningPredicate;
  /** Returns whether further row groups are needed. */
  add(rowGroup: DecodedColumns): boolean;
  /** How many further row groups are likely to be needed, at least one; the default is all. */
  expected?(): number;
}

/**
 * Visits the row groups up to `head`, in order. Returns the ranges of the log that it could not read:
 * unindexed events, row groups that lack a required column, and row groups with removed events. They may
 * include row groups without matches.
 */
export async function readRowGroups(database: Database, head: Position, visitor: RowGroupVisitor): Promise<readonly LogRange[]> {
  const unread: LogRange[] = [];
  const addUnread = (from: Position, to: Position): void => {
    const before = unread.at(-1);
    if (before?.to === from) unread[unread.length - 1] = { from: before.from, to };
    else unread.push({ from, to });
  };
  const slice = new TimeSlice(sliceMs);
  const prunes = rowGroupPasses(visitor.predicate) !== null;
  // Row groups that are stored later are not listed: which of them have no matches would not be known.
  const end = prunes ? await readLastRowGroup(database, head) : head;
  let from = origin;
  for await (const rowGroups of rowGroupsUpTo(database, end, visitor)) {
    for (const { last, columns } of rowGroups) {
      if (columns === null) addUnread(from, last);
      else if (!visitor.add(columns)) return unread;
      from = last;
      if (slice.isOver()) await slice.next();
    }
  }
  if (prunes) from = end;
  if (from < head) addUnread(from, head);
  return unread;
}

interface RowGroupColumns {
  readonly last: Position;
  /** Null if a required column is missing, or if events were removed. */
  readonly columns: DecodedColumns | null;
}

/** Lists row groups, and reads the columns of those that are not cached, some row groups a statement. */
async function* rowGroupsUpTo(
  database: Database,
  head: Position,
  visitor: RowGroupVisitor,
): AsyncGenerator<readonly RowGroupColumns[], void, undefined> {
  const cache = columnCacheOf(database, visitor);
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialRowGroups);
  let from = origin;
  for (;;) {
    adaptiveBatch.checkDeadline();
    const limit = Math.min(maxListed, visitor.expected?.() ?? maxListed);
    const listed = await listRowGroups(database, { from, head, limit }, visitor.predicate);
    for (let at = 0; at < listed.length;) {
      adaptiveBatch.checkDeadline();
      const batch = listed.slice(at, at + Math.min(adaptiveBatch.batchSize, maxRowGroups));
      const cached = batch.map(({ last, isWhole }) => (isWhole ? cache.get(last) : null));
      const missing = batch.filter(({ isWhole }, index) => isWhole && cached[index] === null).map(({ last }) => last);
      const read = new Map(missing.length === 0 ? [] : await adaptiveBatch.timed(() => readColumns(database, missing, visitor)));
      for (const [last, columns] of read) cache.set(last, columns);
      yield batch.map(({ last }, index) => ({ last, columns: cached[index] ?? read.get(last) ?? null }));
      at += batch.length;
    }
    from = listed.at(-1)?.last ?? from;
    if (listed.length < limit) return;
  }
}

/** The next row groups that may have matches. */
async function listRowGroups(
  database: Database,
  { from, head, limit }: { readonly from: Position; readonly head: Position; readonly limit: number },
  predicate: PruningPredicate,
): Promise<readonly { readonly last: Position; readonly isWhole: boolean }[]> {
  // coalesce hides from the planner how few row groups can pass; it would otherwise test all of them and sort the result.
  const rows = await database.rows<{ readonly last: string; readonly whole: boolean }>(
    sql`
      select c.last, c.first > (select log_start from tidings.retention) as whole
      from tidings.digest_chapters c
      where c.last > ${from} and c.last <= ${head} and coalesce(${rowGroupPasses(predicate) ?? sql`true`}, false)
      order by c.last
      limit ${limit}`,
    'repeated',
  );
  return rows.map(({ last, whole }) => ({ last: Number(last) as Position, isWhole: whole }));
}

/** The columns of those row groups that have all that are needed. */
async function readColumns(
  database: Database,
  lasts: readonly Position[],
  { needs, needsTimes }: RowGroupVisitor,
): Promise<readonly (readonly [Position, DecodedColumns])[]> {
  const { columns, joined, isKnown } = columnFragments(needs);
  const rows = await database.rows<RowGroupRow>(
    sql`
      select c.last, octet_length(c.occurred) / ${timeBytes}::int as count, case when ${needsTimes}::boolean then c.occurred end as occurred ${columns}
      from tidings.digest_chapters c
      ${joined}
      where c.last = any(array(select value::bigint from ${list(lasts.map(String))} as wanted (value)))
        and ${sql.join([sql`c.occurred is not null`, ...isKnown], sql` and `)}`,
    'repeated',
  );
  return mapInSlices(rows, (row) => [
    Number(row.last) as Position,
    decodeColumns(row, { needs, count: Number(row.count), occurred: row.occurred }),
  ]);
}

/** The end of the last row group up to a head. */
async function readLastRowGroup(database: Database, head: Position): Promise<Position> {
  const [row] = await database.rows<{ last: string }>(sql`
    select coalesce(max(c.last), ${origin}) as last from tidings.digest_chapters c where c.last <= ${head}`);
  return Number(row?.last ?? origin) as Position;
}

type RowGroupRow = ColumnValues & {
  readonly last: string;
  /** The number of events. */
  readonly count: string;
  /** The times; null if they are not needed. */
  readonly occurred: Buffer | null;
};

/** Row groups of the first statement that reads columns, and of the largest, which reads one or two megabytes. */
const initialRowGroups = 64;
const maxRowGroups = 128;
const maxListed = 1024;
/** Counting yields to other requests after this time. */
const sliceMs = 10;
