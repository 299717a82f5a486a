import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';

/** A range of positions, both ends inclusive. */
export interface PositionRange {
  readonly first: Position;
  readonly last: Position;
}

/** The last position that was allocated. A head that is expected may be beyond it (HeadReading); null: there is none. */
export const lastPosition = sql`pg_sequence_last_value('tidings.event_position')`;

/**
 * The events between two positions of an outer row, all columns, by the primary key. The planner
 * skips partitions outside `enclosing`. Conditions belong around this subquery: inside, they would
 * be planned once for each partition.
 */
export function eventsBetween({ first, last }: Readonly<Record<'first' | 'last', SQL>>, enclosing: PositionRange): SQL {
  return sql`
    select * from tidings.events e
    where e.position between ${first} and ${last} and e.position between ${enclosing.first} and ${enclosing.last}
    offset 0`;
}

/**
 * A test by time that no index serves: the query must use the primary key, and this only selects
 * the events of one cluster of a block.
 */
export function occurredBetween(since: SQL, until: SQL): SQL {
  return sql`(e.occurred between ${since} and ${until}) is true`;
}

/**
 * The first and the last position of the partitions that hold a range, as columns of a row. Bounds that
 * are those of partitions let the planner skip the others, and do not tempt it to use the primary key.
 */
export function partitionsOf(first: SQL, last: SQL): SQL {
  return sql`
    (select max(p.first) from tidings.partitions p where p.first <= ${first}) as partitions_first,
    (select min(p.end_position) - 1 from tidings.partitions p where p.end_position > ${last}) as partitions_last`;
}
