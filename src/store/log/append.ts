import { sql } from 'drizzle-orm';
import { mapStepsInSlices } from '../../concurrency/time-slices.ts';
import { TidingsError } from '../../errors.ts';
import { parseStoredJsonInSteps } from '../../json/parse-in-steps.ts';
import { jsonTextInSteps } from '../../json/stringify-in-steps.ts';
import { stringifyJson } from '../../json/stringify-json.ts';
import type { Position } from '../../event/cursor.ts';
import type { EventDraft, JsonObject, Labels, RelatedResource, StoredEvent } from '../../event/event.ts';
import type { Instant } from '../../event/instant.ts';
import type { Database } from '../database/database.ts';
import type { LogSlice } from './read-log.ts';
import { bytesInMemory } from '../database/event-row.ts';
import { fromTimestamp, fromInputTimestamp, toTimestamp } from '../database/timestamps.ts';
import { sqlState } from '../database/database-errors.ts';

/**
 * The result of one draft; `differing`: the fields that differ from the event stored before under
 * its id.
 */
export interface Appended {
  readonly position: Position;
  readonly created: boolean;
  readonly received: Instant;
  readonly differing: readonly string[];
  /** The draft as sent to the database. */
  readonly row: DraftRow;
}

/** A draft as JSON, in the format of tidings.append_events. */
export type DraftRow = string & { readonly [draftRowBrand]: true };
declare const draftRowBrand: unique symbol;

/** A stored batch: the result of each draft, in order. */
export interface AppendedBatch {
  readonly appended: readonly Appended[];
  /**
   * A head at all events of the batch and at everything acknowledged before the call; null: it must
   * be read. Argument: log-head.ts.
   */
  readonly head: Position | null;
}

/** A batch rejected for conflicts: the differing fields of each draft; none was stored. */
export interface RejectedBatch {
  readonly conflicts: readonly (readonly string[])[];
}

/** Whether a conflicting draft rejects its whole batch, or only itself. */
export type ConflictPolicy = 'REJECT_ALL' | 'SKIP_REJECTED';

/**
 * Stores drafts in one transaction, in order, each id once. Returns the result of each, in order,
 * once all are durable. Throws UNAVAILABLE; the batch may have been stored then, and repeating it
 * is safe.
 */
export async function appendEvents(
  database: Database,
  drafts: readonly EventDraft[],
  onConflict: ConflictPolicy,
): Promise<readonly Appended[] | RejectedBatch> {
  const rows = drafts.map((draft) => rowOf(draft, 'ANYTHING'));
  const batch = await appendRows(database, rows, onConflict);
  return 'conflicts' in batch ? batch : batch.appended;
}

/** The same for drafts that are rows already; often also returns the head. */
export async function appendRows(
  database: Database,
  batch: readonly DraftRow[],
  onConflict: ConflictPolicy,
): Promise<AppendedBatch | RejectedBatch> {
  if (batch.length === 0) return { appended: [], head: null };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const rows = await database.rows<AppendedRow>(
        sql`
          select place as position, created, received, to_json(nullif(differing, '{}')) as differing, decided
          from tidings.append_events(${`[${batch.join(',')}]`}::text::jsonb, ${onConflict === 'REJECT_ALL'})`,
        'prepared',
      );
      const appended = rows.map((row, index) => appendedAs(row, batch[index] ?? noRow));
      return { appended, head: rows.at(-1)?.decided === true ? (appended.at(-1)?.position ?? null) : null };
    } catch (error) {
      const conflicts = sqlState(error) === conflictState ? conflictDetail(error) : null;
      if (conflicts !== null) return { conflicts };
      // A timeout here comes from waiting for other transactions with the same ids, not from the
      // size of the input.
      if (error instanceof TidingsError && error.code === 'LIMIT_EXCEEDED') throw lockedError(error);
      // Batches lock ids in one order, so they cannot deadlock each other; a transaction of another
      // program may.
      if (sqlState(error) !== deadlockState || attempt === maxAttempts) throw error;
    }
  }
}

function appendedAs({ position, created, received, differing }: AppendedRow, row: DraftRow): Appended {
  return { position: Number(position) as Position, created, received: fromTimestamp(received), differing: differing ?? [], row };
}

/**
 * The created events, equal to those that a read of the log would return. Parsed from the text sent
 * to the database, for two reasons: JSON has no -0; and strings of a draft may be slices of a
 * request's text, which they would keep in memory.
 */
export async function createdSlice(created: readonly Appended[]): Promise<LogSlice> {
  return { events: await mapStepsInSlices(created, createdEvent), bytes: created.map(({ row }) => bytesInMemory(row.length)) };
}

function* createdEvent({ row, position, received }: Appended): Generator<undefined, StoredEvent> {
  const fields = (yield* parseStoredJsonInSteps(row)) as DraftFields;
  return {
    position,
    received,
    occurred: fields.occurred === null ? received : fromInputTimestamp(fields.occurred),
    id: fields.id,
    event: fields.event,
    resource: { id: fields.resource_id, labels: fields.resource_labels },
    related: fields.related,
    payload: fields.payload ?? {},
    follows: fields.follows,
  };
}

interface AppendedRow {
  readonly position: string;
  readonly created: boolean;
  readonly received: string;
  /** Null: none. */
  readonly differing: readonly string[] | null;
  /** Whether the log is final up to the last event of the batch. Null: one was stored before. */
  readonly decided: boolean | null;
}

function lockedError(cause: unknown): TidingsError {
  const message = 'Other transactions hold locks that delay storing beyond the statement timeout. Repeating the request later is safe.';
  return new TidingsError('UNAVAILABLE', message, { cause, retryAfterMs: 1000 });
}

/** The SQLSTATE that tidings.append_events raises for conflicts. */
const conflictState = 'TD001';
/** Postgres aborted this transaction to resolve a deadlock; nothing of it was stored. */
const deadlockState = '40P01';
const maxAttempts = 5;
const noRow = '{}' as DraftRow;

function conflictDetail(error: unknown): readonly (readonly string[])[] | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('detail' in each && typeof each.detail === 'string') return JSON.parse(each.detail) as string[][];
  }
  return null;
}

/**
 * The contents of an event stored before with which a field that the draft leaves out agrees:
 * anything, or only its default, `received` or `{}`. A caller that does not see the stored event
 * gets the latter: it could otherwise confirm a guess about some fields without the others.
 */
export type LeftOutAgreesWith = 'ANYTHING' | 'DEFAULT';

/** A draft in the format of the database. */
export function rowOf(draft: EventDraft, leftOut: LeftOutAgreesWith): DraftRow {
  return stringifyJson(fieldsOf(draft, leftOut)) as DraftRow;
}

/** The same in steps. */
export function* rowInSteps(draft: EventDraft, leftOut: LeftOutAgreesWith): Generator<undefined, DraftRow> {
  return (yield* jsonTextInSteps(fieldsOf(draft, leftOut))) as DraftRow;
}

function fieldsOf(draft: EventDraft, leftOut: LeftOutAgreesWith): DraftFields {
  return {
    id: draft.id,
    occurred: draft.occurred === null ? null : toTimestamp(draft.occurred),
    event: draft.event,
    resource_id: draft.resource.id,
    resource_labels: draft.resource.labels,
    related: draft.related,
    payload: draft.payload,
    follows: draft.follows,
    ...(leftOut === 'DEFAULT' && { exact: true }),
  };
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
  /** A field that is null agrees only with its default. */
  readonly exact?: boolean;
}
