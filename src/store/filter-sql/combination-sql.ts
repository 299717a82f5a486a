import { sql, type SQL } from 'drizzle-orm';
import type { Combination } from '../../filter/filter.ts';

/** All, any or none of the parts of a filter, whatever the parts are. */
export function combined<T>(combination: Combination<T>, read: (each: T) => SQL): SQL {
  switch (combination.kind) {
    case 'all':
      return bothOf(combination.of.map(read));
    case 'any':
      return eitherOf(combination.of.map(read));
    case 'not':
      return sql`(not ${read(combination.of)})`;
    default:
      return combination satisfies never;
  }
}

export function bothOf(parts: readonly SQL[]): SQL {
  return parts.length === 0 ? sql`true` : sql`(${sql.join([...parts], sql` and `)})`;
}

export function eitherOf(parts: readonly SQL[]): SQL {
  return parts.length === 0 ? sql`false` : sql`(${sql.join([...parts], sql` or `)})`;
}
