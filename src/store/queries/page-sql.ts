import { sql, type SQL } from 'drizzle-orm';
import { indexedMention } from '../filter-sql/index-condition.ts';
import type { PageScope, PageBound, PageRequest, CountRequest, Direction } from './page-request.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { toTimestamp } from '../database/timestamps.ts';
import { textIs } from '../filter-sql/sql-fragments.ts';

/** The keys of a statement as rows of `n`, from 1, and `value`. */
export function keyRows(keys: readonly string[]): SQL {
  return sql`jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb) with ordinality as k (value, n)`;
}

/** The rows with the `n` of each key, in the order of the keys. */
export function rowsOfKeys<Row extends { readonly n: string }>(keys: readonly string[], rows: readonly Row[]): readonly (readonly Row[])[] {
  const perKey: Row[][] = keys.map(() => []);
  for (const row of rows) perKey[Number(row.n) - 1]?.push(row);
  return perKey;
}

/** Whether this is the primary resource of an event `e`. */
export function primaryIs(id: SQL): SQL {
  return textIs(sql`e.resource_id`, id);
}

const isPrimary = primaryIs(sql`k.value`);

const isRelated = sql`e.related @> jsonb_build_array(jsonb_build_object('id', k.value))`;

/**
 * Whether an event `e` is within the scope of the key `k.value`. FOLLOWS and PRIMARY have an index,
 * in the order of time.
 */
export const inScope: Readonly<Record<PageScope, SQL>> = {
  EVERYTHING: sql`true`,
  FOLLOWS: textIs(sql`e.follows`, sql`k.value`),
  PRIMARY: isPrimary,
  RELATED: sql`(${isRelated} and not ${isPrimary})`,
  ANY: sql`(${isPrimary} or ${isRelated})`,
};

/** What the index of the events serves of a scope; null: nothing. */
export const indexedScope: Readonly<Record<PageScope, SQL | null>> = {
  EVERYTHING: null,
  FOLLOWS: null,
  PRIMARY: indexedMention.PRIMARY,
  RELATED: indexedMention.RELATED,
  ANY: sql`(${indexedMention.PRIMARY} or ${indexedMention.RELATED})`,
};

/** Whether an event `e` matches, is not after the head, and is between the bounds of a page. */
export function isWithin(request: CountRequest | PageRequest): SQL {
  const { order } = request;
  const { after, before }: Partial<PageRequest> = 'limit' in request ? request : {};
  return sql.join(
    [
      sql`e.position <= ${request.head}`,
      sqlOf(request.filter),
      ...(after === undefined ? [] : [beyond(after, order === 'NEWEST_FIRST' ? '<' : '>')]),
      ...(before === undefined ? [] : [beyond(before, order === 'NEWEST_FIRST' ? '>' : '<')]),
    ],
    sql` and `,
  );
}

function beyond(bound: PageBound, comparison: '<' | '>'): SQL {
  const operator = sql.raw(bound.inclusive ? `${comparison}=` : comparison);
  if (bound.occurred === undefined) return sql`e.position ${operator} ${bound.position}`;
  return sql`(e.occurred, e.position) ${operator} (${toTimestamp(bound.occurred)}::timestamptz, ${bound.position}::bigint)`;
}

/**
 * The order of events `e`: by time through events_by_occurred and similar indexes, by position
 * through the primary key.
 */
export function orderText({ by, up }: Direction): string {
  const columns = by === 'time' ? ['e.occurred', 'e.position'] : ['e.position'];
  return columns.map((column) => (up ? column : `${column} desc`)).join(', ');
}
