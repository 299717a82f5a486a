import { sql, type SQL } from 'drizzle-orm';
import { TimeSlice } from '../../concurrency/time-slices.ts';
import { timeBytes } from '../../skip-index/columns/column-chunks.ts';
import type { ColumnRef } from '../../skip-index/columns/column-ref.ts';
import { always, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { DecodedColumns } from '../../skip-index/columns/decoded-columns.ts';
import { origin, type Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import type { LogRange } from './block-ranges.ts';
import { columnFragments, decodeColumns, type ColumnValues } from './column-reader.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { prunesRowGroups, rowGroupMayMatchSql } from './pruning-sql.ts';

/** What a read of row groups needs, and does with each of them. */
export interface RowGroupVisitor {
  readonly needs: readonly ColumnRef[];
  readonly needsTimes: boolean;
  /** Only row groups that may have matches are read; the default is all. */
  readonly predicate?: PruningPredicate;
  /** Returns whether further row groups are needed. */
  add(rowGroup: DecodedColumns): boolean;
  /** How many further row groups are likely to be needed; the default is all. */
  expected?(): number;
}

/**
 * Reads the columns of the row groups up to `head`, some row groups a statement, through the primary
 * keys. Returns the ranges of the log that it could not read: unindexed events, row groups that lack
 * a required column, and row groups with removed events. They may include row groups without matches.
 * Retention removes from the start of the log, so testing the first event of a row group is enough.
 */
export async function readRowGroups(database: Database, head: Position, visitor: RowGroupVisitor): Promise<readonly LogRange[]> {
  const unread: LogRange[] = [];
  const addUnread = (from: Position, to: Position): void => {
    const before = unread.at(-1);
    if (before?.to === from) unread[unread.length - 1] = { from: before.from, to };
    else unread.push({ from, to });
  };
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialRowGroups);
  let from = origin;
  for (;;) {
    adaptiveBatch.checkDeadline();
    const limit = Math.min(adaptiveBatch.batchSize, maxRowGroups, visitor.expected?.() ?? Infinity);
    const rows = await adaptiveBatch.timed(() => database.rows<RowGroupRow>(rowGroupsSql({ from, head, limit }, visitor), 'repeated'));
    const slice = new TimeSlice(sliceMs);
    for (const row of rows) {
      const last = Number(row.last) as Position;
      if (row.count === null) addUnread(from, last);
      else if (!visitor.add(decodeColumns(row, { needs: visitor.needs, count: Number(row.count), occurred: row.occurred }))) return unread;
      from = last;
      if (slice.isOver()) await slice.next();
    }
    if (rows.length < limit) break;
  }
  if (prunesRowGroups(visitor.predicate ?? always)) from = Math.max(from, await readLastRowGroup(database, head)) as Position;
  if (from < head) addUnread(from, head);
  return unread;
}

/** The end of the last row group up to a head. */
async function readLastRowGroup(database: Database, head: Position): Promise<Position> {
  const [row] = await database.rows<{ last: string }>(sql`
    select coalesce(max(c.last), ${origin}) as last from tidings.digest_chapters c where c.last <= ${head}`);
  return Number(row?.last ?? origin) as Position;
}

type RowGroupRow = ColumnValues & {
  readonly last: string;
  /** The number of events. Null if a required column is missing, or if the row group has removed events. */
  readonly count: string | null;
  /** The times; null if they are not needed. */
  readonly occurred: Buffer | null;
};

function rowGroupsSql(
  { from, head, limit }: { readonly from: Position; readonly head: Position; readonly limit: number },
  { needs, needsTimes, predicate = always }: RowGroupVisitor,
): SQL {
  const { columns, joined, isKnown } = columnFragments(needs, () => sql`whole`);
  // coalesce hides from the planner how few row groups can pass; it would otherwise test all of them and sort the result.
  return sql`
    select
      c.last, case when whole then octet_length(c.occurred) / ${timeBytes}::int end as count,
      case when whole and ${needsTimes}::boolean then c.occurred end as occurred ${columns}
    from (
      select c.*, c.occurred is not null and exists (select from tidings.events e where e.position = c.first) as kept
      from tidings.digest_chapters c
      where c.last > ${from} and c.last <= ${head} and coalesce(${rowGroupMayMatchSql(predicate)}, false)
      order by c.last
      limit ${limit}
    ) c
    ${joined}
    cross join lateral (select ${sql.join([sql`c.kept`, ...isKnown], sql` and `)} as whole) w
    order by c.last`;
}

/** Row groups of the first statement, and of the largest, which reads one or two megabytes. */
const initialRowGroups = 64;
const maxRowGroups = 128;
/** Decoding yields to other requests after this time. */
const sliceMs = 10;
