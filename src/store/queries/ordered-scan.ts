import { sql, type SQL } from 'drizzle-orm';
import { conjunctsOf } from '../../filter/filter.ts';
import { boundedRows, type PartialRow } from '../database/bounded-rows.ts';
import type { Database } from '../database/database.ts';
import { storedColumns } from '../database/event-row.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { isTimeBound } from './access-path.ts';
import { unseen } from '../filter-sql/sql-fragments.ts';
import type { Matches } from './candidates.ts';
import { directionOf, type CountRequest, type PageRequest, type RowScope } from './page-request.ts';
import { inScope, isWithin, keyRows, orderText, primaryIs, rowsOfKeys } from './page-sql.ts';

/**
 * Reads in order, through the index that gives the order or selects few events; one row more than
 * the limit, if there is one.
 */
export async function orderedScan(
  database: Database,
  request: PageRequest,
  { scope, keys, parts }: RowScope,
): Promise<readonly (readonly PartialRow[])[]> {
  const order = orderText(directionOf(request));
  const found = sql`
    select k.n, e.*
    from ${keyRows(keys)}
    cross join lateral (
      select ${storedColumns}
      from tidings.events e
      where ${inScope[scope]} and ${isWithin(request)}
      order by ${sql.raw(order)}
      limit ${request.limit + 1}
    ) e`;
  const rows = await database.rows<PartialRow & { n: string }>(
    boundedRows({ found, order: `e.n, ${order}`, extras: ['n'], parts }),
    'repeated',
  );
  return rowsOfKeys(keys, rows);
}

export interface FirstEvents extends Pick<RowScope, 'parts'> {
  /** The events to test: of this primary resource, through its index; null: all. */
  readonly resource: string | null;
  /** Further events, which are tested whatever their resource is. */
  readonly later: SQL | null;
  /** The test ends before this one. */
  readonly max: number;
}

/**
 * Tests the first events in the order of a page, and stops when the page is full. Finds all, with one row
 * more than the limit if there is one, unless the test ends earlier: before the event number `max`, or
 * where events are large.
 */
export async function scanFirstEvents(
  database: Database,
  request: PageRequest,
  { parts, resource, later, max }: FirstEvents,
): Promise<Matches> {
  const order = orderText(directionOf(request));
  const timeBounds = request.order === 'LOG' ? [] : conjunctsOf(request.filter).filter(isTimeBound);
  const within = isWithin({ ...request, filter: { kind: 'all', of: timeBounds } });
  const window = `over (order by ${order} rows unbounded preceding)`;
  const isOfResource = resource === null ? sql`true` : primaryIs(sql`${resource}::text`);
  const matchingLater =
    later === null ? sql`` : sql` union all (select ${storedColumns} from (${later}) e where not ${isOfResource} and ${isWithin(request)})`;
  const found = sql`
    select * from (
      select e.*, ${sql.raw(`sum(${bodySize}) ${window} > ${maxTestedBytes} or row_number() ${window}`)} >= ${unseen(sql`${max}::int`)} as is_end
      from (
        (
          select ${storedColumns} from tidings.events e
          where ${isOfResource} and ${within}
          order by ${sql.raw(order)}
          limit ${unseen(sql`${max}::bigint`)}
        )${matchingLater}
      ) e
    ) e
    where case when e.is_end then true else ${sqlOf(request.filter)} end
    order by ${sql.raw(order)}
    limit ${unseen(sql`${request.limit + 1}::bigint`)}`;
  const rows = await database.rows<PartialRow & { is_end: boolean }>(boundedRows({ found, order, extras: ['is_end'], parts }), 'repeated');
  const areAll = !rows.some((row) => row.is_end);
  return { rows: areAll ? rows : [], areAll };
}

/**
 * A query of all events up to `head` in the range of time that a filter requires, through the index on time, if there are at
 * most `max`. Null: there are more, or it requires none.
 */
export async function fewEventsDuring(database: Database, request: CountRequest): Promise<SQL | null> {
  const { max } = request;
  const timeBounds = conjunctsOf(request.filter).filter(isTimeBound);
  if (timeBounds.length === 0) return null;
  const during = sql`tidings.events e where ${isWithin({ ...request, filter: { kind: 'all', of: timeBounds } })}`;
  // In order, so that the planner does not read all events in the hope to find enough soon.
  const [row] = await database.rows<{ count: string }>(
    sql`select count(*) from (select e.position from ${during} order by ${sql.raw(orderText({ by: 'time', up: true }))} limit ${max + 1}) e`,
  );
  return Number(row?.count) > max ? null : sql`select * from ${during} offset 0`;
}

/** The stored size of what filters read of an event. */
const bodySize = 'pg_column_size(e.resource_labels) + pg_column_size(e.related) + pg_column_size(e.payload)';
/** Testing large payloads takes 10 ms for a megabyte as stored, or some times as long if it is compressed. */
const maxTestedBytes = 8 << 20;
