import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';

/** A stretch of places, both ends inclusive. */
export interface PositionRange {
  readonly first: Position;
  readonly last: Position;
}

/**
 * The events between two places that a row tells, all columns, by the primary key. Partitions outside `around` are not even
 * planned for. Conditions are to be put around this: inside, they would be planned once for each partition.
 */
export function eventsBetween({ first, last }: Readonly<Record<'first' | 'last', SQL>>, around: PositionRange): SQL {
  return sql`
    select * from tidings.events e
    where e.position between ${first} and ${last} and e.position between ${around.first} and ${around.last}
    offset 0`;
}

/** Written so that no index serves it: the primary key shall, and this only tells a digest from its neighbours in time. */
export function occurredBetween(since: SQL, until: SQL): SQL {
  return sql`(e.occurred between ${since} and ${until}) is true`;
}
