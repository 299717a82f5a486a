import { sql, type SQL } from 'drizzle-orm';
import type { Combination } from '../../filter/filter.ts';

/**
 * A value that the planner does not see, for statements that connections keep (PlanMode): a plan for any
 * values must seem to cost no more than one for these.
 */
export function unseen(value: SQL): SQL {
  return sql`(select ${value})`;
}

/** A list of texts as rows: one parameter, whatever its length. */
export function list(values: readonly string[]): SQL {
  return sql`jsonb_array_elements_text(${JSON.stringify(values)}::text::jsonb)`;
}

/**
 * Whether a column equals one of the values, through its hash index. For one value the index also
 * provides the order.
 */
export function textIn(column: SQL, values: readonly string[]): SQL {
  if (values.length === 0) return sql`false`;
  if (values.length === 1) return textIs(column, sql`${values[0]}::text`);
  const hashes = sql`array(select hashtextextended(value, 0) from ${list(values)} as v (value))`;
  return sql`(hashtextextended(${column}, 0) = any(${hashes}) and ${column} = any(array(select value from ${list(values)} as v (value))))`;
}

/** Whether a column equals a text, through its hash index (drizzle/tables.ts). */
export function textIs(column: SQL, value: SQL): SQL {
  return sql`(hashtextextended(${column}, 0) = hashtextextended(${value}, 0) and ${column} = ${value})`;
}

/** Whether a value begins with one of these; false if it is null. */
export function startsWithOneOf(value: SQL, prefixes: readonly string[]): SQL {
  if (prefixes.length === 0) return sql`false`;
  if (prefixes.length === 1) return sql`coalesce(starts_with(${value}, ${prefixes[0]}::text), false)`;
  return sql`exists (select from ${list(prefixes)} as p (prefix) where starts_with(${value}, p.prefix))`;
}

/** Whether a value matches one of these patterns of LIKE; false if it is null. */
export function likeOneOf(value: SQL, patterns: readonly string[]): SQL {
  if (patterns.length === 0) return sql`false`;
  if (patterns.length === 1) return sql`coalesce(${value} like ${patterns[0]}::text, false)`;
  return sql`coalesce(${value} like any (array(select p.pattern from ${list(patterns)} as p (pattern))), false)`;
}

/** A combination of conditions or tests. */
export function combinationSql<T>(combination: Combination<T>, read: (each: T) => SQL): SQL {
  switch (combination.kind) {
    case 'all':
      return conjunctionSql(combination.of.map(read));
    case 'any':
      return disjunctionSql(combination.of.map(read));
    case 'not':
      return sql`(not ${read(combination.of)})`;
    default:
      return combination satisfies never;
  }
}

export function conjunctionSql(parts: readonly SQL[]): SQL {
  return parts.length === 0 ? sql`true` : sql`(${sql.join([...parts], sql` and `)})`;
}

export function disjunctionSql(parts: readonly SQL[]): SQL {
  return parts.length === 0 ? sql`false` : sql`(${sql.join([...parts], sql` or `)})`;
}
