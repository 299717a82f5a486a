import { sql, type SQL } from 'drizzle-orm';
import { mapStepsInSlices } from '../../concurrency/time-slices.ts';
import { parseStoredJsonInSteps } from '../../json/parse-in-steps.ts';
import type { Position } from '../../event/cursor.ts';
import type { JsonObject, Labels, RelatedResource, Resource, StoredEvent } from '../../event/event.ts';
import type { Instant } from '../../event/instant.ts';
import { JsonTextMembers } from '../../json/json-text.ts';
import { parseStoredJson } from '../../json/parse-json.ts';
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

/** The event of a row that is passed on. A large one is parsed ahead, in steps: later, that would take a turn of its own. */
export function* passedOnEvent(row: EventRow): Generator<undefined, RowEvent> {
  return new RowEvent(row, jsonLengthOf(row) > maxLazyCharacters ? yield* storedEvent(row) : null);
}

/** The events of rows of which one turn may use all, made in slices of the event loop: only the first are parsed later. */
export function passedOnEvents(rows: Iterable<EventRow>): Promise<StoredEvent[]> {
  let lazyLeft = maxLazyCharacters;
  return mapStepsInSlices(rows, function* (row) {
    lazyLeft -= jsonLengthOf(row);
    return lazyLeft < 0 ? yield* storedEvent(row) : new RowEvent(row);
  });
}

/** Parsing so much takes less than 20 ms. */
const maxLazyCharacters = 128 * 1024;

/**
 * The event of a row, which parses what is used of it. For events that are passed on: a payload that is
 * not looked at stays text.
 */
export class RowEvent extends JsonTextMembers implements StoredEvent {
  readonly position: Position;
  readonly #row: EventRow;
  #resource: Resource | null;
  #related: readonly RelatedResource[] | null;
  #payload: JsonObject | null;

  constructor(row: EventRow, parsed: StoredEvent | null = null) {
    super();
    this.position = Number(row.position) as Position;
    this.#row = row;
    this.#resource = parsed?.resource ?? null;
    this.#related = parsed?.related ?? null;
    this.#payload = parsed?.payload ?? null;
  }

  get id(): string {
    return this.#row.id;
  }

  get event(): string {
    return this.#row.event;
  }

  get occurred(): Instant {
    return fromTimestamp(this.#row.occurred);
  }

  get received(): Instant {
    return fromTimestamp(this.#row.received);
  }

  get follows(): string | null {
    return this.#row.follows;
  }

  get resource(): Resource {
    return (this.#resource ??= new RowResource(this.#row));
  }

  get related(): readonly RelatedResource[] {
    return (this.#related ??= JSON.parse(this.#row.related) as readonly RelatedResource[]);
  }

  get payload(): JsonObject {
    return (this.#payload ??= parseStoredJson(this.#row.payload) as JsonObject);
  }

  jsonTextOf(member: string): string | null {
    return member === 'payload' ? this.#row.payload : null;
  }

  /** The length of its JSON, as the database has it. */
  get jsonLength(): number {
    return jsonLengthOf(this.#row);
  }
}

class RowResource implements Resource {
  readonly #row: EventRow;
  #labels: Labels | null = null;

  constructor(row: EventRow) {
    this.#row = row;
  }

  get id(): string {
    return this.#row.resource_id;
  }

  get labels(): Labels {
    return (this.#labels ??= JSON.parse(this.#row.resource_labels) as Labels);
  }
}

function jsonLengthOf({ resource_labels, related, payload }: EventRow): number {
  return resource_labels.length + related.length + payload.length;
}

/** The approximate size of an event in memory, in bytes. */
export function rowBytes(row: EventRow): number {
  return bytesInMemory(jsonLengthOf(row));
}

/** The same of several events. */
export function bytesOfRows(rows: readonly EventRow[]): number {
  return rows.reduce((sum, row) => sum + rowBytes(row), 0);
}

/** The approximate size of an event in memory, in bytes, from the length of its JSON. */
export function bytesInMemory(characters: number): number {
  return 500 + 2 * characters;
}
