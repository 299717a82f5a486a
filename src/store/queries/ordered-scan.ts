import { sql } from 'drizzle-orm';
import { conjunctsOf } from '../../filter/filter.ts';
import { boundedRows, type PartialRow } from '../database/bounded-rows.ts';
import type { Database } from '../database/database.ts';
import { storedColumns } from '../database/event-row.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { isTimeBound } from './access-path.ts';
import { unseen } from '../filter-sql/sql-fragments.ts';
import type { Matches } from './candidates.ts';
import { directionOf, type PageRequest, type RowScope } from './page-request.ts';
import { inScope, isWithin, keyRows, orderSql, primaryIs } from './page-sql.ts';

/**
 * Reads in order, through the index that gives the order or selects few events; one row more than
 * the limit, if there is one.
 */
export async function orderedScan(
  database: Database,
  request: PageRequest,
  { scope, keys, parts }: RowScope,
): Promise<readonly (readonly PartialRow[])[]> {
  const order = orderSql(directionOf(request));
  const found = sql`
    select k.n, e.*
    from ${keyRows(keys)}
    cross join lateral (
      select ${storedColumns}
      from tidings.events e
      where ${inScope[scope]} and ${isWithin(request)}
      order by ${order}
      limit ${request.limit + 1}
    ) e`;
  const rows = await database.rows<PartialRow & { n: string }>(
    boundedRows({ found, order: sql`e.n, ${order}`, extras: sql`e.n,`, parts }),
    'repeated',
  );
  const perKey: PartialRow[][] = keys.map(() => []);
  for (const row of rows) perKey[Number(row.n) - 1]?.push(row);
  return perKey;
}

export interface FirstEvents extends Pick<RowScope, 'parts'> {
  /** The events to test: of this primary resource, through its index; null: all. */
  readonly resource: string | null;
  /** The most events to test. */
  readonly max: number;
}

/**
 * Tests the first events in the order of a page, and stops when the page is full. Finds all, with one row
 * more than the limit if there is one, unless the page is not full after `max` events.
 */
export async function scanFirstEvents(database: Database, request: PageRequest, { parts, resource, max }: FirstEvents): Promise<Matches> {
  const order = orderSql(directionOf(request));
  const bounds = request.order === 'LOG' ? [] : conjunctsOf(request.filter).filter(isTimeBound);
  const first = [
    ...(resource === null ? [] : [primaryIs(sql`${resource}::text`)]),
    isWithin({ ...request, filter: { kind: 'all', of: bounds } }),
  ];
  // The last event that is tested is returned also if it does not match: there may be later matches.
  const found = sql`
    select * from (
      select e.*, row_number() over (order by ${order}) as tested, ${sqlOf(request.filter)} as is_match
      from (
        select ${storedColumns} from tidings.events e
        where ${sql.join(first, sql` and `)}
        order by ${order}
        limit ${unseen(sql`${max}::bigint`)}
      ) e
    ) e
    where e.is_match or e.tested = ${max}
    order by ${order}
    limit ${unseen(sql`${request.limit + 1}::bigint`)}`;
  const rows = await database.rows<PartialRow & { tested: string; is_match: boolean }>(
    boundedRows({ found, order, extras: sql`e.tested, e.is_match,`, parts }),
    'repeated',
  );
  const matches = rows.filter((row) => row.is_match);
  const isAtEnd = !rows.some(({ tested }) => Number(tested) === max);
  const areAll = matches.length > request.limit || isAtEnd;
  return { rows: areAll ? matches : [], areAll };
}
