import { sql, type SQL } from 'drizzle-orm';
import type { Condition, TextField } from '../event/filter.ts';
import { toTimestamp } from './rows.ts';

/** The SQL reading of a filter, over tidings.events aliased `e`. Its twin in memory is event/matches. */
export function sqlOf(condition: Condition): SQL {
  switch (condition.kind) {
    case 'all':
      return joined(condition.of.map(sqlOf), sql` and `, sql`true`);
    case 'any':
      return joined(condition.of.map(sqlOf), sql` or `, sql`false`);
    case 'not':
      return sql`not ${sqlOf(condition.of)}`;
    case 'oneOf':
      return condition.field === 'id' ? idIn(condition.values) : textIn(columns[condition.field], condition.values);
    case 'startsWith': {
      const column = columns[condition.field];
      return joined(
        condition.prefixes.map((prefix) => sql`starts_with(${column}, ${prefix}::text)`),
        sql` or `,
        sql`false`,
      );
    }
    case 'during': {
      const { since, until } = condition;
      const bounds = [
        ...(since === undefined ? [] : [sql`e.occurred >= ${toTimestamp(since)}::timestamptz`]),
        ...(until === undefined ? [] : [sql`e.occurred < ${toTimestamp(until)}::timestamptz`]),
      ];
      return joined(bounds, sql` and `, sql`true`);
    }
    default:
      return condition satisfies never;
  }
}

/** `column` equals one of the values: through the column's hash index, one value so that the index gives the order. */
export function textIn(column: SQL, values: readonly string[]): SQL {
  if (values.length === 0) return sql`false`;
  if (values.length === 1) return textIs(column, sql`${values[0]}::text`);
  const list = sql`array(select jsonb_array_elements_text(${JSON.stringify(values)}::text::jsonb))`;
  const hashes = sql`array(select hashtextextended(value, 0) from jsonb_array_elements_text(${JSON.stringify(values)}::text::jsonb))`;
  return sql`(hashtextextended(${column}, 0) = any(${hashes}) and ${column} = any(${list}))`;
}

/** `column` equals the text `value`, through the column's hash index (see drizzle/tables.ts). */
export function textIs(column: SQL, value: SQL): SQL {
  return sql`(hashtextextended(${column}, 0) = hashtextextended(${value}, 0) and ${column} = ${value})`;
}

/** Through event_ids, then the primary key. */
function idIn(values: readonly string[]): SQL {
  const list = JSON.stringify(values);
  const keys = sql`select tidings.event_key(value) from jsonb_array_elements_text(${list}::text::jsonb)`;
  return sql`e.position = any(array(select position from tidings.event_ids where key in (${keys})))`;
}

function joined(parts: readonly SQL[], separator: SQL, none: SQL): SQL {
  if (parts.length === 0) return none;
  return sql`(${sql.join([...parts], separator)})`;
}

const columns: Readonly<Record<TextField, SQL>> = {
  id: sql`e.id`,
  event: sql`e.event`,
  'resource.id': sql`e.resource_id`,
};
