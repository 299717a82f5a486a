import { sql, type SQL } from 'drizzle-orm';
import type { Comparison, ValueTest } from '../../filter/filter.ts';
import { arrayIndex, type PayloadPath } from '../../event/payload-path.ts';
import { combinationSql } from './sql-fragments.ts';

/** The value at a path of the payload passes, in SQL over tidings.events aliased `e`. */
export function valuePasses(path: PayloadPath, test: ValueTest): SQL {
  const value = valueAt(path);
  const read = (each: ValueTest): SQL => {
    switch (each.kind) {
      case 'exists':
        return sql`(${value} is not null)`;
      case 'oneOf':
        return sql`coalesce(${value} = any(array(select v.value from jsonb_array_elements(${JSON.stringify(each.values)}::text::jsonb) as v (value))), false)`;
      case 'compares':
        return compares(value, each.operator, each.to);
      default:
        return combinationSql(each, read);
    }
  };
  return read(test);
}

/**
 * The value as jsonb; null when absent, which JSON's null is not. `->` with a text steps into objects alone, `#>` also
 * into arrays; but it takes " 1" and "-1" for places in an array, so it gets only what payload paths mean by a number.
 */
export function valueAt(path: PayloadPath): SQL {
  return path.reduce<SQL>(
    (value, key) => (arrayIndex.test(key) ? sql`(${value} #> array[${key}::text])` : sql`(${value} -> ${key}::text)`),
    sql`e.payload`,
  );
}

function compares(value: SQL, operator: Comparison, to: number | string): SQL {
  const sqlOperator = sql.raw(operators[operator]);
  const [type, comparison] =
    typeof to === 'number'
      ? ['number', sql`(${value} #>> '{}')::numeric ${sqlOperator} ${String(to)}::numeric`]
      : ['string', sql`(${value} #>> '{}') collate "C" ${sqlOperator} ${to}::text collate "C"`];
  return sql`(case when jsonb_typeof(${value}) = ${type}::text then ${comparison} else false end)`;
}

const operators: Readonly<Record<Comparison, string>> = { gt: '>', gte: '>=', lt: '<', lte: '<=' };
