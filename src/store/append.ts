import { sql } from 'drizzle-orm';
import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { EventDraft, JsonObject, Labels, RelatedResource, StoredEvent } from '../event/event.ts';
import type { Instant } from '../event/instant.ts';
import type { Database } from './database.ts';
import type { Stretch } from './log-stretch.ts';
import { bytesInMemory, fromTimestamp, givenInstant, toTimestamp } from './rows.ts';
import { sqlState, unavailableNow } from './unavailable.ts';

/** What became of one draft; `differing` are the fields in which the event stored before under its id differs. */
export interface Appended {
  readonly position: Position;
  readonly created: boolean;
  readonly received: Instant;
  readonly differing: readonly string[];
  /** The draft as it went to the database. */
  readonly row: DraftRow;
}

/** JSON of a draft, in the form of tidings.append_events. */
export type DraftRow = string & { readonly [draftRowBrand]: true };
declare const draftRowBrand: unique symbol;

/** A batch that was refused for its conflicts: the differing fields of each draft, none stored. */
export interface Refused {
  readonly conflicts: readonly (readonly string[])[];
}

/**
 * Stores drafts in one transaction, in their order, each id once, and answers for each in that order once all is
 * durable. With `REJECT_ALL` a conflicting draft refuses the batch; with `SKIP_REJECTED` only itself. Throws UNAVAILABLE,
 * and then the batch may have been stored; repeating it is safe.
 */
export async function appendEvents(
  database: Database,
  drafts: readonly EventDraft[],
  onConflict: 'REJECT_ALL' | 'SKIP_REJECTED',
): Promise<readonly Appended[] | Refused> {
  if (drafts.length === 0) return [];
  const batch = drafts.map(rowOf);
  try {
    const rows = await database.rows<AppendedRow>(
      sql`select * from tidings.append_events(${`[${batch.join(',')}]`}::text::jsonb, ${onConflict === 'REJECT_ALL'})`,
    );
    return rows.map((row, index) => ({
      position: Number(row.place) as Position,
      created: row.created,
      received: fromTimestamp(row.received),
      differing: row.differing,
      row: batch[index] ?? ('{}' as DraftRow),
    }));
  } catch (error) {
    const conflicts = sqlState(error) === conflictState ? conflictDetail(error) : null;
    // Waiting for others that meet on an id takes a while at worst; nobody's input is too large.
    if (error instanceof TidingsError && error.code === 'LIMIT_EXCEEDED') throw unavailableNow(error);
    if (conflicts === null) throw error;
    return { conflicts };
  }
}

/**
 * Events that were created, just as a read of the log would give them. Made from the text that the database got, since
 * JSON has no -0, and since strings of a draft may be parts of a request's text, which they would keep in memory.
 */
export function createdStretch(created: readonly Appended[]): Stretch {
  return { events: created.map(createdEvent), bytes: created.map(({ row }) => bytesInMemory(row.length)) };
}

function createdEvent({ row, position, received }: Appended): StoredEvent {
  const fields = JSON.parse(row) as DraftFields;
  return {
    position,
    received,
    occurred: fields.occurred === null ? received : givenInstant(fields.occurred),
    id: fields.id,
    event: fields.event,
    resource: { id: fields.resource_id, labels: fields.resource_labels },
    related: fields.related,
    payload: fields.payload ?? {},
    follows: fields.follows,
  };
}

interface AppendedRow {
  readonly place: string;
  readonly created: boolean;
  readonly received: string;
  readonly differing: readonly string[];
}

/** What tidings.append_events raises. */
const conflictState = 'TD001';

function conflictDetail(error: unknown): readonly (readonly string[])[] | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('detail' in each && typeof each.detail === 'string') return JSON.parse(each.detail) as string[][];
  }
  return null;
}

function rowOf(draft: EventDraft): DraftRow {
  return JSON.stringify({
    id: draft.id,
    occurred: draft.occurred === null ? null : toTimestamp(draft.occurred),
    event: draft.event,
    resource_id: draft.resource.id,
    resource_labels: draft.resource.labels,
    related: draft.related,
    payload: draft.payload,
    follows: draft.follows,
  } satisfies DraftFields) as DraftRow;
}

interface DraftFields {
  readonly id: string;
  readonly occurred: string | null;
  readonly event: string;
  readonly resource_id: string;
  readonly resource_labels: Labels;
  readonly related: readonly RelatedResource[];
  readonly payload: JsonObject | null;
  readonly follows: string | null;
}
