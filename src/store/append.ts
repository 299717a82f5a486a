import { sql } from 'drizzle-orm';
import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { EventDraft } from '../event/event.ts';
import type { Instant } from '../event/instant.ts';
import type { Database } from './database.ts';
import { fromTimestamp, toTimestamp } from './rows.ts';
import { sqlState, unavailableNow } from './unavailable.ts';

/** What became of one draft; `differing` are the fields in which the event stored before under its id differs. */
export interface Appended {
  readonly position: Position;
  readonly created: boolean;
  readonly received: Instant;
  readonly differing: readonly string[];
}

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
  const batch = JSON.stringify(drafts.map(rowOf));
  try {
    const rows = await database.rows<AppendedRow>(
      sql`select * from tidings.append_events(${batch}::text::jsonb, ${onConflict === 'REJECT_ALL'})`,
    );
    return rows.map((row) => ({
      position: Number(row.place) as Position,
      created: row.created,
      received: fromTimestamp(row.received),
      differing: row.differing,
    }));
  } catch (error) {
    const conflicts = sqlState(error) === conflictState ? conflictDetail(error) : null;
    // Waiting for others that meet on an id takes a while at worst; nobody's input is too large.
    if (error instanceof TidingsError && error.code === 'LIMIT_EXCEEDED') throw unavailableNow(error);
    if (conflicts === null) throw error;
    return { conflicts };
  }
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

function rowOf(draft: EventDraft): Readonly<Record<string, unknown>> {
  return {
    id: draft.id,
    occurred: draft.occurred === null ? null : toTimestamp(draft.occurred),
    event: draft.event,
    resource_id: draft.resource.id,
    resource_labels: draft.resource.labels,
    related: draft.related,
    payload: draft.payload,
    follows: draft.follows,
  };
}
