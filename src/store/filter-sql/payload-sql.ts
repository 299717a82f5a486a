import { sql, type SQL } from 'drizzle-orm';
import { anyElement, arrayIndex, isExactPath, type PayloadPath, type PayloadPattern } from '../../event/payload-path.ts';
import { isNumber, type ExactNumber } from '../../json/exact-number.ts';
import { stringifyJson } from '../../json/stringify-json.ts';
import type { Comparison, ValueTest } from '../../filter/filter.ts';
import { combinationSql } from './sql-fragments.ts';

/**
 * Whether the value, or with `*` some value, at a path of the payload passes, in SQL over
 * tidings.events aliased `e`.
 */
export function payloadPasses(pattern: PayloadPattern, test: ValueTest): SQL {
  return isExactPath(pattern) ? valuePasses(valueAt(pattern), test, isAnyOf) : someValuePasses(sql`e.payload`, pattern, test);
}

/** The value as jsonb; SQL's null when absent, which JSON's null is not. */
export function valueAt(path: PayloadPath): SQL {
  return descendant(sql`e.payload`, path);
}

/**
 * `->` with a text steps into objects only, `#>` also into arrays. But `#>` takes " 1", "01" and
 * "-1" for array indexes, so it only gets keys that payload paths take for indexes.
 */
function descendant(value: SQL, path: PayloadPath): SQL {
  return path.reduce<SQL>(
    (parent, key) => (arrayIndex.test(key) ? sql`(${parent} #> array[${key}::text])` : sql`(${parent} -> ${key}::text)`),
    value,
  );
}

/**
 * Whether some value at the pattern passes: a subquery over the elements of an array for each `*`.
 */
function someValuePasses(value: SQL, pattern: PayloadPattern, test: ValueTest): SQL {
  const star = pattern.indexOf(anyElement);
  const keys = (star === -1 ? pattern : pattern.slice(0, star)).filter((step) => step !== anyElement);
  const found = descendant(value, keys);
  if (star === -1) return sql`(${found} is not null and ${valuePasses(found, test, isHashedIn)})`;
  const rest = pattern.slice(star + 1);
  const alias = sql.raw(`x${rest.filter((step) => step === anyElement).length}`); // differs from those of the subqueries within
  return sql`exists (
    select from jsonb_array_elements(case when jsonb_typeof(${found}) = 'array' then ${found} end) as ${alias} (value)
    where ${someValuePasses(sql`${alias}.value`, rest, test)})`;
}

function valuePasses(value: SQL, test: ValueTest, isIn: typeof isAnyOf): SQL {
  switch (test.kind) {
    case 'exists':
      return sql`(${value} is not null)`;
    case 'oneOf':
      return isIn(value, test.values);
    case 'compares':
      return compares(value, test.operator, test.to);
    default:
      return combinationSql(test, (each) => valuePasses(value, each, isIn));
  }
}

function isAnyOf(value: SQL, values: readonly unknown[]): SQL {
  return sql`coalesce(${value} = any(array(select v.value from ${rowsOf(values)})), false)`;
}

/**
 * Looks values up in a hash table: many elements with many values take milliseconds, not seconds.
 * `is true` keeps the planner from making a join of it.
 */
function isHashedIn(value: SQL, values: readonly unknown[]): SQL {
  return sql`((${value} in (select v.value from ${rowsOf(values)})) is true)`;
}

function rowsOf(values: readonly unknown[]): SQL {
  return sql`jsonb_array_elements(${stringifyJson(values)}::text::jsonb) as v (value)`;
}

function compares(value: SQL, operator: Comparison, to: number | ExactNumber | string): SQL {
  const sqlOperator = sql.raw(operators[operator]);
  const [type, comparison] = isNumber(to)
    ? ['number', sql`(${value} #>> '{}')::numeric ${sqlOperator} ${String(to)}::numeric`]
    : ['string', sql`(${value} #>> '{}') collate "C" ${sqlOperator} ${to}::text collate "C"`];
  return sql`(case when jsonb_typeof(${value}) = ${type}::text then ${comparison} else false end)`;
}

const operators: Readonly<Record<Comparison, string>> = { gt: '>', gte: '>=', lt: '<', lte: '<=' };
