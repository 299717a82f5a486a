import { sql, type SQL } from 'drizzle-orm';
import type { Condition, TextField } from '../../filter/filter.ts';
import { conjunctionSql, combinationSql, disjunctionSql, list, startsWithOneOf, textIn } from './sql-fragments.ts';
import { textSearchSql } from './text-search-sql.ts';
import { valuePasses } from './payload-sql.ts';
import { someResource } from './resource-sql.ts';
import { toTimestamp } from '../database/timestamps.ts';

/**
 * The SQL reading of a filter, over tidings.events aliased `e`. Its twin in memory is event/matches. Every expression is
 * true or false, never null, so that `not` means the same as there.
 */
export function sqlOf(condition: Condition): SQL {
  switch (condition.kind) {
    case 'oneOf':
      return fieldIn(condition.field, condition.values);
    case 'startsWith':
      return startsWithOneOf(columns[condition.field], condition.prefixes);
    case 'during': {
      const { since, until } = condition;
      const column = condition.field === 'occurred' ? sql`e.occurred` : sql`e.received`;
      return conjunctionSql([
        ...(since === undefined ? [] : [sql`${column} >= ${toTimestamp(since)}::timestamptz`]),
        ...(until === undefined ? [] : [sql`${column} < ${toTimestamp(until)}::timestamptz`]),
      ]);
    }
    case 'resource':
      return someResource(condition.among, condition.passes);
    case 'payload':
      return valuePasses(condition.path, condition.passes);
    case 'contains':
      return textSearchSql([condition.searchTerm]);
    case 'any':
      return anyOf(condition.of);
    default:
      return combinationSql(condition, sqlOf);
  }
}

/** What is looked for in the texts of an event is looked for at once. */
function anyOf(parts: readonly Condition[]): SQL {
  const searchTerms = parts.flatMap((each) => (each.kind === 'contains' ? [each.searchTerm] : []));
  const others = parts.filter((each) => each.kind !== 'contains').map(sqlOf);
  return disjunctionSql(searchTerms.length === 0 ? others : [textSearchSql(searchTerms), ...others]);
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
