import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import { unstorableReason } from '../../event/text.ts';
import type { Condition } from '../../filter/filter.ts';
import type { Database } from '../database/database.ts';
import { eventColumns, storedEvent, type EventRow } from '../database/event-row.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';

/**
 * Returns the events with these ids at or before `head`, by id; one statement through event_ids.
 */
export async function readEventsById(
  database: Database,
  ids: readonly string[],
  head: Position,
): Promise<ReadonlyMap<string, StoredEvent>> {
  const rows = await database.rows<EventRow>(sql`
    select ${eventColumns}
    from jsonb_array_elements_text(${JSON.stringify(ids.filter((id) => unstorableReason(id) === null))}::text::jsonb) as wanted (id)
    join tidings.event_ids k on k.key = tidings.event_key(wanted.id)
    join tidings.events e on e.position = k.position and e.id = wanted.id
    where e.position <= ${head}`);
  return new Map(rows.map((row) => [row.id, storedEvent(row)]));
}

/**
 * Whether the stored event at a position matches a filter, evaluated by the database; by the
 * primary key.
 */
export async function matchesInDatabase(database: Database, filter: Condition, position: Position): Promise<boolean> {
  const rows = await database.rows(sql`select from tidings.events e where e.position = ${position} and ${sqlOf(filter)}`);
  return rows.length > 0;
}
