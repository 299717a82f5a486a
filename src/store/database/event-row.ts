import { sql, type SQL } from 'drizzle-orm';
import { mapStepsInSlices } from '../../concurrency/time-slices.ts';
import { parseStoredJsonInSteps } from '../../json/parse-in-steps.ts';
import type { Position } from '../../event/cursor.ts';
import type { JsonObject, Labels, RelatedResource, StoredEvent } from '../../event/event.ts';
import { fromTimestamp } from './timestamps.ts';

/** A row of tidings.events as the driver returns it. */
export interface EventRow {
  readonly position: string;
  readonly received: string;
  readonly occurred: string;
  readonly id: string;
  readonly event: string;
  readonly resource_id: string;
  /**
   * JSON as text, as are `related` and `payload`: its length gives the size of the event in memory.
   */
  readonly resource_labels: string;
  readonly related: string;
  readonly payload: string;
  readonly follows: string | null;
}

/** The columns of EventRow, for a table with the alias `e`. */
export const eventColumns: SQL = sql.raw(
  `e.position, e.received, e.occurred, e.id, e.event, e.resource_id, e.resource_labels::text, e.related::text,
  e.payload::text, e.follows`,
);

/** The columns of a table of events with the alias `e`, as they are stored: nothing is decompressed. */
export const storedColumns: SQL = sql.raw(
  'e.position, e.received, e.occurred, e.id, e.event, e.resource_id, e.resource_labels, e.related, e.payload, e.follows',
);

/** The events of rows, made in slices of the event loop. */
export function storedEvents(rows: Iterable<EventRow>): Promise<StoredEvent[]> {
  return mapStepsInSlices(rows, storedEvent);
}

/** In steps: parsing a large payload takes 100 ms, since V8 makes a hidden class for each object that has keys of its own. */
export function* storedEvent(row: EventRow): Generator<undefined, StoredEvent> {
  return {
    position: Number(row.position) as Position,
    received: fromTimestamp(row.received),
    occurred: fromTimestamp(row.occurred),
    id: row.id,
    event: row.event,
    resource: { id: row.resource_id, labels: (yield* parseStoredJsonInSteps(row.resource_labels)) as Labels },
    related: (yield* parseStoredJsonInSteps(row.related)) as readonly RelatedResource[],
    payload: (yield* parseStoredJsonInSteps(row.payload)) as JsonObject,
    follows: row.follows,
  };
}

/** The approximate size of an event in memory, in bytes. */
export function rowBytes(row: EventRow): number {
  return bytesInMemory(row.resource_labels.length + row.related.length + row.payload.length);
}

/** The approximate size of an event in memory, in bytes, from the length of its JSON. */
export function bytesInMemory(characters: number): number {
  return 500 + 2 * characters;
}
