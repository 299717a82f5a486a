import { sql, type SQL } from 'drizzle-orm';
import { mapStepsInSlices } from '../../concurrency/time-slices.ts';
import type { Dimension } from '../../counts/dimensions.ts';
import { tooManyBucketsOfEvent } from '../../counts/bucket-keys.ts';
import { columnarCount, type ColumnarCount } from '../../counts/columnar/columnar-count.ts';
import { CountTable, groupStats } from '../../counts/count-table.ts';
import { origin, type Position } from '../../event/cursor.ts';
import { always, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import { type Condition, conjunctsOf } from '../../filter/filter.ts';
import { groupingBy, keysOfRow, type CountRow, type Grouping } from './group-by-sql.ts';
import type { Database } from '../database/database.ts';
import { blockRangesOf, candidateEvents, rangeCondition, type EventSearch, type LogRange } from '../skip-index/block-ranges.ts';
import { readRowGroups, type RowGroupVisitor } from '../skip-index/row-group-columns.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { fromTimestamp } from '../database/timestamps.ts';
import { accessPathOf } from '../queries/access-path.ts';
import { isSelective } from '../queries/candidates.ts';
import { indexConditionFor } from '../queries/index-search.ts';
import { fewEventsDuring } from '../queries/ordered-scan.ts';

/** A count of the matching events up to `head` by some dimensions. */
export interface CountsRequest {
  readonly filter: Condition;
  readonly dimensions: readonly Dimension[];
  readonly head: Position;
}

interface CountOptions {
  /** Counts into this table. Default: a new one. */
  readonly table?: CountTable;
  /** If an index finds at most so many, these are counted instead of reading columns. */
  readonly maxRareEvents?: number;
  /** Summaries of the first block range; the following ranges grow while statements are fast. */
  readonly initialBlocks?: number;
}

/**
 * Counts by dimensions: through event ids or `follows`, or a range of time that has few events, in one statement, by
 * column chunks if they are sufficient, otherwise by scanning the blocks that can have matches. Throws LIMIT_EXCEEDED if
 * it takes too long or has too many keys.
 */
export async function readCounts(
  database: Database,
  request: CountsRequest,
  { table = new CountTable(), maxRareEvents = 5000, initialBlocks = 256 }: CountOptions = {},
): Promise<CountTable> {
  const { filter, dimensions, head } = request;
  const accessPath = accessPathOf({ filter, order: 'LOG' });
  const few =
    accessPath.kind === 'ids' || accessPath.kind === 'follows'
      ? sql`select * from tidings.events e where e.position <= ${head}`
      : await fewEventsDuring(database, { filter, order: 'LOG', head, max: maxRareEvents });
  if (few !== null) {
    const matching = sql`select e.* from (${few}) e where ${sqlOf(filter)} offset 0`;
    await addCounts(database, { request, table }, (grouping) => grouped(grouping, matching));
    return table;
  }
  const predicate = accessPath.kind === 'blockScan' ? accessPath.predicate : always;
  const condition = await indexConditionFor(database, request);
  const isRare = condition !== null && maxRareEvents > 0 && (await isSelective(database, condition, { head, max: maxRareEvents }));
  const byColumns = isRare ? null : columnarCount(conjunctsOf(filter), dimensions);
  const uncounted =
    byColumns === null ? [{ from: origin, to: head }] : await readRowGroups(database, head, visitorOf(byColumns, predicate, table));
  await countRanges(
    database,
    { request, table },
    {
      ranges: uncounted,
      predicate,
      condition: isRare ? condition : rangeCondition(condition, predicate),
      initialBlocks,
    },
  );
  return table;
}

function visitorOf(count: ColumnarCount, predicate: PruningPredicate, table: CountTable): RowGroupVisitor {
  return {
    needs: count.needs,
    needsTimes: true,
    predicate,
    add(rowGroup) {
      count.add(rowGroup, table);
      return true;
    },
  };
}

interface CountTask {
  readonly request: CountsRequest;
  readonly table: CountTable;
}

/**
 * Counts ranges of the log by scanning the blocks that can have matches, block range by block
 * range: no statement takes long, and two run at a time if the database supports it. The database
 * groups, with time in bins that rarely overlap two intervals; the calendar here assigns the bins
 * to intervals.
 */
async function countRanges(
  database: Database,
  task: CountTask,
  { ranges, initialBlocks, ...search }: EventSearch & { readonly ranges: readonly LogRange[]; readonly initialBlocks: number },
): Promise<void> {
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialBlocks);
  const blockRanges = blockRangesOf(database, ranges, adaptiveBatch);
  const worker = async (): Promise<void> => {
    for (let next = await blockRanges.next(); next.done !== true; next = await blockRanges.next()) {
      const { value: blockRange } = next;
      const matching = sql`
        select e.* from (${candidateEvents(blockRange, search)}) e
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

/**
 * Runs a statement and adds its groups to the table. If a bin overlaps two intervals, repeats it
 * with bins of a second.
 */
async function addCounts(
  database: Database,
  { request: { dimensions }, table }: CountTask,
  statement: (grouping: Grouping) => SQL,
): Promise<void> {
  const read = async (binSeconds: number) => {
    const rows = await database.rows<CountRow>(statement(groupingBy(dimensions, binSeconds)));
    if (rows.some(({ exceeds }) => exceeds)) throw tooManyBucketsOfEvent();
    return mapStepsInSlices(rows, function* (row) {
      return { row, keys: yield* keysOfRow(dimensions, row) };
    });
  };
  let found = await read(binSecondsOf(dimensions));
  if (found.some(({ keys }) => keys === null)) found = await read(minBinSeconds);
  for (const { row, keys } of found) {
    if (keys === null) throw new Error('a second overlaps two intervals');
    table.add(keys, groupStats(Number(row.count), fromTimestamp(row.first_occurred), fromTimestamp(row.last_occurred)));
    table.total += Number(row.once);
  }
}

/**
 * Offsets from UTC are multiples of a quarter of an hour, except in earlier times, when they were
 * arbitrary.
 */
function binSecondsOf(dimensions: readonly Dimension[]): number {
  const time = dimensions.find((each) => each.kind === 'time');
  return time?.unit === 'SECOND' ? minBinSeconds : time?.unit === 'MINUTE' ? 60 : 900;
}

function grouped({ keys, joined, once, exceeds, timeBin }: Grouping, matching: SQL): SQL {
  const names = keys.map((_, index) => `k${index}`);
  const columns = [
    ...keys.map((key, index) => sql`${key} as ${sql.raw(`k${index}`)}`),
    sql`${once} as is_first`,
    sql`${exceeds} as exceeds`,
    ...(timeBin === null ? [] : [sql`${timeBin} as time_bin`]),
  ];
  const groups = sql.raw([...names, ...(timeBin === null ? [] : ['time_bin'])].join(', '));
  return sql`
    select
      ${sql.raw(names.map((name) => `${name}::text as ${name}, `).join(''))}
      count(*) as count, count(*) filter (where is_first) as once, bool_or(exceeds) as exceeds, min(occurred) as first_occurred, max(occurred) as last_occurred
    from (
      select e.occurred, ${sql.join(columns, sql`, `)}
      from (${matching}) e ${sql.join([...joined], sql` `)}
      offset 0
    ) e
    group by ${groups}`;
}

const minBinSeconds = 1;
