import { sql, type SQL } from 'drizzle-orm';
import type { Dimension } from '../../counts/dimensions.ts';
import { columnarCount } from '../../counts/columnar/columnar-count.ts';
import { CountTable, groupStats } from '../../counts/count-table.ts';
import { origin, type Position } from '../../event/cursor.ts';
import { blockEvents } from '../../skip-index/row-group.ts';
import { always, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import { type Condition, conjunctsOf } from '../../filter/filter.ts';
import { countByColumns } from './columnar-counts.ts';
import { groupingBy, keysOfRow, type CountRow, type Grouping } from './group-by-sql.ts';
import type { Database } from '../database/database.ts';
import { usesTermIndex, prunedSearchSql } from '../skip-index/pruning-sql.ts';
import { eventsIn, candidateRanges, blockRangesOf, type LogRange } from '../skip-index/block-ranges.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { fromTimestamp } from '../database/timestamps.ts';
import { accessPathOf } from '../queries/access-path.ts';

/** What to count: the events up to `head` that match, by some dimensions. */
export interface CountsRequest {
  readonly filter: Condition;
  readonly dimensions: readonly Dimension[];
  readonly head: Position;
}

interface CountOptions {
  /** Matches in so few digests are looked for there, and columns are not asked. */
  readonly rareThresholdBlocks?: number;
  /** Digests of the first statement that looks through some; the next ones take on more, if it was quick. */
  readonly initialBlocks?: number;
}

/**
 * Counts by dimensions. By columns, where these say all that it takes; through event ids or `follows` in one statement;
 * else through the digests that may hold matches. Throws LIMIT_EXCEEDED when it takes too long, or has too many keys.
 */
export async function readCounts(
  database: Database,
  request: CountsRequest,
  { rareThresholdBlocks = 256, initialBlocks = 256 }: CountOptions = {},
): Promise<CountTable> {
  const table = new CountTable();
  const { filter, dimensions, head } = request;
  const accessPath = accessPathOf({ filter, order: 'LOG' });
  if (accessPath.kind === 'ids' || accessPath.kind === 'follows') {
    const matching = sql`select e.* from tidings.events e where e.position <= ${head} and ${sqlOf(filter)} offset 0`;
    await addCounts(database, { request, table }, (grouping) => grouped(grouping, matching));
    return table;
  }
  const predicate = accessPath.kind === 'blockScan' ? accessPath.predicate : always;
  const byColumns = (await isRare(database, predicate, { head, rareThresholdBlocks }))
    ? null
    : columnarCount(conjunctsOf(filter), dimensions);
  const uncounted = byColumns === null ? [{ from: origin, to: head }] : await countByColumns(database, head, { count: byColumns, table });
  await countRanges(database, { request, table }, { ranges: uncounted, predicate, span: initialBlocks });
  return table;
}

/**
 * Whether matches can only be in so few digests that looking into them costs less than all columns: in `fewDigests`, or one of
 * eight, by how many places there are. By digests_by_terms.
 */
async function isRare(
  database: Database,
  predicate: PruningPredicate,
  { head, rareThresholdBlocks }: { readonly head: Position; readonly rareThresholdBlocks: number },
): Promise<boolean> {
  if (!usesTermIndex(predicate) || rareThresholdBlocks === 0) return false;
  const [row] = await database.rows<{ rare: boolean }>(sql`
    with few as materialized (
      select greatest(${rareThresholdBlocks}, (${head} - coalesce((select d.last from tidings.digests d order by d.last limit 1), ${head})) / ${8 * blockEvents}) as most
    )
    select count(*) <= (select most from few) as rare
    from (select from tidings.digests d where ${prunedSearchSql(predicate)} limit (select most + 1 from few)) d`);
  return row?.rare === true;
}

interface CountTask {
  readonly request: CountsRequest;
  readonly table: CountTable;
}

/**
 * Counts stretches of the log span by span, through digests, and behind the last of them, as `digested-counts` does: no
 * statement takes long, and two are under way at a time where the database can. The database groups, and cuts time into
 * pieces that hardly ever lie in two buckets; whose they are is said here, by the calendar.
 */
async function countRanges(
  database: Database,
  task: CountTask,
  { ranges, predicate, span: first }: { readonly ranges: readonly LogRange[]; readonly predicate: PruningPredicate; readonly span: number },
): Promise<void> {
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, first);
  const blockRanges = blockRangesOf(database, ranges, adaptiveBatch);
  const worker = async (): Promise<void> => {
    for (let next = await blockRanges.next(); next.done !== true; next = await blockRanges.next()) {
      const { value: span } = next;
      const matching = sql`
        select e.* from (${candidateRanges(span, { predicate })}) r cross join lateral (${eventsIn(span)}) e
        where ${sqlOf(task.request.filter)} offset 0`;
      await adaptiveBatch.timed(() => addCounts(database, task, (grouping) => grouped(grouping, matching)));
    }
  };
  try {
    await Promise.all(Array.from({ length: database.kind === 'embedded' ? 1 : 2 }, worker));
  } finally {
    await blockRanges.return(undefined);
  }
}

/** Runs a statement and adds what it counts. */
async function addCounts(
  database: Database,
  { request: { dimensions }, table }: CountTask,
  statement: (grouping: Grouping) => SQL,
): Promise<void> {
  const read = async (binSeconds: number) => {
    const rows = await database.rows<CountRow>(statement(groupingBy(dimensions, binSeconds)));
    return rows.map((row) => ({ row, keys: keysOfRow(dimensions, row) }));
  };
  let found = await read(binSecondsOf(dimensions));
  if (found.some(({ keys }) => keys === null)) found = await read(minBinSeconds);
  for (const { row, keys } of found) {
    if (keys === null) throw new Error('a second lies in two spans of time');
    table.add(keys, groupStats(Number(row.count), fromTimestamp(row.first_occurred), fromTimestamp(row.last_occurred)));
    table.total += Number(row.once);
  }
}

/** Seconds. Clocks are set apart from UTC by multiples of a quarter of an hour, but for olden times: then by seconds. */
function binSecondsOf(dimensions: readonly Dimension[]): number {
  const time = dimensions.find((each) => each.kind === 'time');
  return time?.unit === 'SECOND' ? minBinSeconds : time?.unit === 'MINUTE' ? 60 : 900;
}

function grouped({ keys, joined, once, timeBin }: Grouping, matching: SQL): SQL {
  const names = keys.map((_, index) => `k${index}`);
  const columns = [
    ...keys.map((key, index) => sql`${key} as ${sql.raw(`k${index}`)}`),
    sql`${once} as is_first`,
    ...(timeBin === null ? [] : [sql`${timeBin} as cut`]),
  ];
  const groups = sql.raw([...names, ...(timeBin === null ? [] : ['cut'])].join(', '));
  return sql`
    select
      ${sql.raw(names.map((name) => `${name}::text as ${name}, `).join(''))}
      count(*) as count, count(*) filter (where is_first) as once, min(occurred) as first_occurred, max(occurred) as last_occurred
    from (
      select e.occurred, ${sql.join(columns, sql`, `)}
      from (${matching}) e ${sql.join([...joined], sql` `)}
      offset 0
    ) e
    group by ${groups}`;
}

const minBinSeconds = 1;
