import { sql, type SQL } from 'drizzle-orm';
import type { Condition, TextField } from '../../filter/filter.ts';
import { likePattern } from '../../filter/glob.ts';
import { toTimestamp } from '../database/timestamps.ts';
import { payloadPasses } from './payload-sql.ts';
import { someResource } from './resource-sql.ts';
import { combinationSql, conjunctionSql, disjunctionSql, likeOneOf, list, startsWithOneOf, textIn } from './sql-fragments.ts';
import { textSearchSql } from './text-search-sql.ts';

/**
 * A filter as an SQL expression over tidings.events aliased `e`. filter/matches evaluates the same
 * filters in memory. Every expression is true or false, never null, so that `not` means the same
 * there and here.
 */
export function sqlOf(condition: Condition): SQL {
  switch (condition.kind) {
    case 'oneOf':
      return fieldIn(condition.field, condition.values);
    case 'startsWith':
      return startsWithOneOf(columns[condition.field], condition.prefixes);
    case 'like':
      return likeOneOf(columns[condition.field], condition.globs.map(likePattern));
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
      return payloadPasses(condition.path, condition.passes);
    case 'contains':
      return textSearchSql([condition.searchTerm]);
    case 'any':
      return anyOf(condition.of);
    default:
      return combinationSql(condition, sqlOf);
  }
}

/** A disjunction that searches the texts of an event once for all search terms. */
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
