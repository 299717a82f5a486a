import { sql, type SQL } from 'drizzle-orm';
import { anyTerm, termOf } from '../../skip-index/terms.ts';
import { labelKeys } from '../../event/event.ts';
import { hasTerm } from '../skip-index/pruning-sql.ts';
import type { PageScope, PageBound, PageRequest, CountRequest, Direction } from './page-request.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { toTimestamp } from '../database/timestamps.ts';
import { textIs } from '../filter-sql/sql-fragments.ts';

/** The terms of which an event within the scope of `key` has at least one. */
function scopeTerms(scope: PageScope, key: string): readonly number[] {
  const related = termOf.label('related', labelKeys.id, key);
  return scope === 'ANY' ? [related, termOf.label('primary', labelKeys.id, key)] : scope === 'RELATED' ? [related] : [];
}

/** Keys as rows of `n`, from 0, `value`, and `terms` as the text of an int[]. */
export function scopeTermRows(scope: PageScope, keys: readonly string[]): readonly Readonly<{ n: number; value: string; terms: string }>[] {
  return keys.map((value, n) => ({ n, value, terms: `{${[anyTerm, ...scopeTerms(scope, value)].join(',')}}` }));
}

/** Whether a summary `d` has one of the terms `k.terms`; null for a scope without terms. */
export function scopeTermTest(scope: PageScope): SQL | null {
  return scope === 'ANY' || scope === 'RELATED' ? hasTerm(sql`k.terms::int[]`) : null;
}

/** The keys of a statement as rows of `n`, from 1, and `value`. */
export function keyRows(keys: readonly string[]): SQL {
  return sql`jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb) with ordinality as k (value, n)`;
}

const isPrimary = textIs(sql`e.resource_id`, sql`k.value`);

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
export function orderSql({ by, up }: Direction): SQL {
  const columns = by === 'time' ? ['e.occurred', 'e.position'] : ['e.position'];
  return sql.raw(columns.map((column) => (up ? column : `${column} desc`)).join(', '));
}
