import { sql, type SQL } from 'drizzle-orm';
import type { Condition, TextField } from '../event/filter.ts';
import { bothOf, combined, eitherOf } from './combination-sql.ts';
import { valuePasses } from './payload-sql.ts';
import { someResource } from './resource-sql.ts';
import { toTimestamp } from './rows.ts';
import { list, textIn } from './text-sql.ts';

/**
 * The SQL reading of a filter, over tidings.events aliased `e`. Its twin in memory is event/matches. Every expression is
 * true or false, never null, so that `not` means the same as there.
 */
export function sqlOf(condition: Condition): SQL {
  switch (condition.kind) {
    case 'oneOf':
      return fieldIn(condition.field, condition.values);
    case 'startsWith':
      return eitherOf(condition.prefixes.map((prefix) => sql`coalesce(starts_with(${columns[condition.field]}, ${prefix}::text), false)`));
    case 'during': {
      const { since, until } = condition;
      const column = condition.field === 'occurred' ? sql`e.occurred` : sql`e.received`;
      return bothOf([
        ...(since === undefined ? [] : [sql`${column} >= ${toTimestamp(since)}::timestamptz`]),
        ...(until === undefined ? [] : [sql`${column} < ${toTimestamp(until)}::timestamptz`]),
      ]);
    }
    case 'resource':
      return someResource(condition.among, condition.passes);
    case 'payload':
      return valuePasses(condition.path, condition.passes);
    case 'contains':
      throw new Error('text is not read yet');
    default:
      return combined(condition, sqlOf);
  }
}

function fieldIn(field: TextField, values: readonly string[]): SQL {
  switch (field) {
    case 'id':
      return idIn(values);
    case 'event':
      return textIn(columns.event, values);
    case 'follows':
      return sql`(e.follows is not null and ${textIn(columns.follows, values)})`;
    default:
      return field satisfies never;
  }
}

/** Through event_ids, then the primary key. */
function idIn(values: readonly string[]): SQL {
  return sql`e.position = any(array(
    select k.position
    from ${list(values)} as wanted (id)
    join tidings.event_ids k on k.key = tidings.event_key(wanted.id)))`;
}

const columns: Readonly<Record<TextField, SQL>> = { id: sql`e.id`, event: sql`e.event`, follows: sql`e.follows` };
