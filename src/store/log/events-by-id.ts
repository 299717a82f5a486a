import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import { unstorableReason } from '../../event/text.ts';
import { everything, type Condition } from '../../filter/filter.ts';
import type { Database } from '../database/database.ts';
import { boundedRows, completeRows, type PartialRow } from '../database/bounded-rows.ts';
import { storedColumns, storedEvents } from '../database/event-row.ts';
import type { ReadBudget } from '../database/read-budget.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';

export interface EventsByIdRequest {
  readonly head: Position;
  /** Events that do not match are left out. */
  readonly filter: Condition;
  readonly budget: ReadBudget;
}

/**
 * Returns the events with these ids at or before `head`, by id, through event_ids. Throws LIMIT_EXCEEDED.
 *
 * `head`: was read before, or is read with the first statement of `database` (HeadReader.readWith). Later
 * events that the statement finds are left out.
 */
export async function readEventsById(
  database: Database,
  ids: readonly string[],
  { head, filter, budget }: Omit<EventsByIdRequest, 'head'> & { readonly head: Position | Promise<Position> },
): Promise<ReadonlyMap<string, StoredEvent>> {
  const rows = await readRows(database, ids, { filter, budget });
  const last = await head;
  const readable = rows.filter(({ position }) => Number(position) <= last);
  const events = await storedEvents(await completeRows(database, readable, budget));
  return new Map(events.map((event) => [event.id, event]));
}

/**
 * The statement is always the same for a caller without a visibility filter. The filter of another
 * one is around the join, so that it is planned once, and not for each partition.
 */
function readRows(
  database: Database,
  ids: readonly string[],
  { filter, budget: { parts } }: Omit<EventsByIdRequest, 'head'>,
): Promise<readonly PartialRow[]> {
  const withAnyContent = sql`select ${storedColumns} ${withIds(ids)}`;
  const [found, planMode] =
    filter === everything
      ? ([withAnyContent, 'prepared'] as const)
      : ([sql`select * from (${withAnyContent} offset 0) e where ${sqlOf(filter)}`, 'custom'] as const);
  return database.rows<PartialRow>(boundedRows({ found, order: 'e.position', parts }), planMode);
}

/** Returns which of these ids events at or before `head` have that match a filter. */
export async function readStoredIds(
  database: Database,
  ids: readonly string[],
  { head, filter }: Omit<EventsByIdRequest, 'budget'>,
): Promise<ReadonlySet<string>> {
  const rows = await database.rows<{ id: string }>(sql`select e.id ${withIds(ids)} where e.position <= ${head} and ${sqlOf(filter)}`);
  return new Set(rows.map(({ id }) => id));
}

function withIds(ids: readonly string[]): SQL {
  const storable = ids.filter((id) => unstorableReason(id) === null);
  return sql`
    from jsonb_array_elements_text(${JSON.stringify(storable)}::text::jsonb) as wanted (id)
    join tidings.event_ids k on k.key = tidings.event_key(wanted.id)
    join tidings.events e on e.position = k.position and e.id = wanted.id`;
}

/**
 * Whether the stored event at a position matches a filter, evaluated by the database; by the
 * primary key.
 */
export async function matchesInDatabase(database: Database, filter: Condition, position: Position): Promise<boolean> {
  const rows = await database.rows(sql`select from tidings.events e where e.position = ${position} and ${sqlOf(filter)}`);
  return rows.length > 0;
}
