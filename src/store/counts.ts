import { sql, type SQL } from 'drizzle-orm';
import type { Dimension } from '../event/count-by.ts';
import type { TimeBounds } from '../event/count-spans.ts';
import { columnCount } from '../event/column-count.ts';
import { CountTable, tallied } from '../event/count-table.ts';
import { origin, type Position } from '../event/cursor.ts';
import { stretchLength } from '../event/digest.ts';
import { always, type DigestTest } from '../event/digest-test.ts';
import type { Condition } from '../event/filter.ts';
import { countByColumns } from './counts-by-columns.ts';
import { groupingBy, keysOfRow, type CountRow, type Grouping } from './count-sql.ts';
import type { Database } from './database.ts';
import { isFiled, searchSql } from './digest-sql.ts';
import { sqlOf } from './filter-sql.ts';
import { Pace } from './pace.ts';
import { occurredBetween } from './page-request.ts';
import { fromTimestamp } from './rows.ts';
import { conjunctsOf, wayTo } from './way.ts';

/** What to count: the events up to `head` that match, by some dimensions. */
export interface CountsRequest {
  readonly filter: Condition;
  readonly dimensions: readonly Dimension[];
  readonly head: Position;
}

interface Searched {
  /** Matches in so few digests are looked for there, and columns are not asked. */
  readonly fewDigests?: number;
}

/**
 * Counts by dimensions. By columns, where these say all that it takes; through event ids or `follows` in one statement;
 * else through the digests that may hold matches. Throws LIMIT_EXCEEDED when it takes too long, or has too many keys.
 */
export async function readCounts(database: Database, request: CountsRequest, { fewDigests = 256 }: Searched = {}): Promise<CountTable> {
  const table = new CountTable();
  const { filter, dimensions, head } = request;
  const way = wayTo({ filter, order: 'LOG' });
  if (way.kind === 'ids' || way.kind === 'follows') {
    const matching = sql`select e.* from tidings.events e where e.position <= ${head} and ${sqlOf(filter)} offset 0`;
    await tally(database, { request, table }, (grouping) => sql`select g.* from (${grouped(grouping, matching)}) g`);
    return table;
  }
  const test = way.kind === 'digests' ? way.test : always;
  const byColumns = (await isRare(database, test, { head, fewDigests })) ? null : columnCount(conjunctsOf(filter), dimensions);
  const left = byColumns === null ? [{ from: origin, to: head }] : await countByColumns(database, head, { count: byColumns, table });
  const pace = new Pace(database.statementTimeout, firstSpan);
  for (const { from, to } of left) await countStretch(database, { request: { ...request, head: to }, table }, { from, test, pace });
  return table;
}

/**
 * Whether matches can only be in so few digests that looking into them costs less than all columns: in `fewDigests`, or one of
 * eight, by how many places there are. By digests_by_terms.
 */
async function isRare(
  database: Database,
  test: DigestTest,
  { head, fewDigests }: { readonly head: Position; readonly fewDigests: number },
): Promise<boolean> {
  if (!isFiled(test) || fewDigests === 0) return false;
  const [row] = await database.rows<{ rare: boolean }>(sql`
    with few as materialized (
      select greatest(${fewDigests}, (${head} - coalesce((select d.last from tidings.digests d order by d.last limit 1), ${head})) / ${8 * stretchLength}) as most
    )
    select count(*) <= (select most from few) as rare
    from (select from tidings.digests d where ${searchSql(test)} limit (select most + 1 from few)) d`);
  return row?.rare === true;
}

/**
 * Counts what lies after a place, span by span through digests, and behind the last of them, as `digested-counts` does: no
 * statement takes long. The database groups, and cuts time into pieces that hardly ever lie in two buckets; whose they are
 * is said here, by the calendar.
 */
async function countStretch(
  database: Database,
  { request, table }: { readonly request: CountsRequest; readonly table: CountTable },
  { from: start, test, pace }: { readonly from: Position; readonly test: DigestTest; readonly pace: Pace },
): Promise<void> {
  for (let from: Position | null = start; from !== null && from < request.head;) {
    pace.check();
    const span: SpanOfDigests = { request, test, from, digests: pace.share };
    const upTo: string | null = await pace.timed(() => tally(database, { request, table }, (grouping) => ofSpan(span, grouping)));
    from = upTo === null ? null : (Number(upTo) as Position);
  }
}

/** The bounds of `occurred` that every match must meet. */
export function occurredBounds(filter: Condition): TimeBounds {
  const ranges = conjunctsOf(filter).flatMap((each) => (each.kind === 'during' && each.field === 'occurred' ? [each] : []));
  const since = ranges
    .flatMap((each) => each.since ?? [])
    .toSorted()
    .at(-1);
  const until = ranges
    .flatMap((each) => each.until ?? [])
    .toSorted()
    .at(0);
  return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}

/** Runs a statement and adds what it counts. Answers with where the next one begins. */
async function tally(
  database: Database,
  { request: { dimensions }, table }: { readonly request: CountsRequest; readonly table: CountTable },
  statement: (grouping: Grouping) => SQL,
): Promise<string | null> {
  const read = (cut: number) => database.rows<Partial<CountRow> & { upto?: string | null }>(statement(groupingBy(dimensions, cut)));
  const counted = (rows: readonly Partial<CountRow>[]) => rows.filter(isCounted).map((row) => ({ row, keys: keysOfRow(dimensions, row) }));
  let rows = await read(cutOf(dimensions));
  let found = counted(rows);
  if (found.some(({ keys }) => keys === null)) {
    rows = await read(finestCut);
    found = counted(rows);
  }
  for (const { row, keys } of found) {
    if (keys === null) throw new Error('a second lies in two spans of time');
    table.add(keys, tallied(Number(row.count), fromTimestamp(row.first_occurred), fromTimestamp(row.last_occurred)));
    table.total += Number(row.once);
  }
  return rows[0]?.upto ?? null;
}

/** Seconds. Clocks are set apart from UTC by multiples of a quarter of an hour, but for olden times: then by seconds. */
function cutOf(dimensions: readonly Dimension[]): number {
  const time = dimensions.find((each) => each.kind === 'time');
  return time?.unit === 'SECOND' ? finestCut : time?.unit === 'MINUTE' ? 60 : 900;
}

/** A span without matches has one row, which only says where it ends. */
function isCounted(row: Partial<CountRow>): row is CountRow {
  return row.count !== undefined && row.count !== null;
}

interface SpanOfDigests {
  readonly request: CountsRequest;
  readonly test: DigestTest;
  readonly from: Position;
  /** How many. */
  readonly digests: number;
}

function ofSpan({ request, test, from, digests }: SpanOfDigests, grouping: Grouping): SQL {
  // By the primary key, but where digests_by_terms shall serve alone.
  const between = sql`(d.last > ${from} and d.last <= coalesce(span.upto, span.digested))`;
  const matching = sql`
    select e.*
    from (
      (
        select d.first, d.last, d.first_occurred, d.last_occurred from tidings.digests d
        where ${isFiled(test) ? sql`${between} is true` : between} and ${searchSql(test)} offset 0
      )
      union all
      select span.digested + 1, ${request.head}, '-infinity', 'infinity' where span.upto is null
    ) r
    cross join lateral (
      select * from tidings.events e
      where e.position between r.first and r.last and ${occurredBetween(sql`r.first_occurred`, sql`r.last_occurred`)}
        and e.position <= ${request.head} and ${sqlOf(request.filter)}
      offset 0
    ) e`;
  return sql`
    with span as materialized (
      select min(last) filter (where n = ${digests + 1}) - 1 as upto, coalesce(max(last), ${from}) as digested
      from (
        select last, row_number() over (order by last, part) as n
        from (select last, part from tidings.digests where last > ${from} order by last, part limit ${digests + 1}) d
      ) d
    )
    select span.upto, g.* from span left join lateral (${grouped(grouping, matching)}) g on true`;
}

function grouped({ keys, joined, once, cut }: Grouping, matching: SQL): SQL {
  const names = keys.map((_, index) => `k${index}`);
  const columns = [
    ...keys.map((key, index) => sql`${key} as ${sql.raw(`k${index}`)}`),
    sql`${once} as is_first`,
    ...(cut === null ? [] : [sql`${cut} as cut`]),
  ];
  const groups = sql.raw([...names, ...(cut === null ? [] : ['cut'])].join(', '));
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

/** Digests of the first statement; the next ones take on more, if it was quick. */
const firstSpan = 256;
const finestCut = 1;
