import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { allOf } from '../../filter/parse/parse-context.ts';
import { AdaptiveLimit } from '../../store/log/adaptive-limit.ts';
import type { Database } from '../../store/database/database.ts';
import { readStoredIds } from '../../store/log/events-by-id.ts';
import type { PageBound } from '../../store/queries/page-request.ts';
import { everything } from '../../filter/filter.ts';
import { withoutPayload } from '../../store/database/read-budget.ts';
import { readCutPage } from '../../store/queries/pages.ts';
import { mayBeDerived, prefectId } from './prefect-event.ts';
import type { PrefectFilter } from './prefect-filter.ts';

/**
 * A filter for live events. `isWanted` tests ids that can be derived from other ids, because the
 * filter cannot.
 */
export function withIds({ condition, prefectIds }: PrefectFilter): {
  readonly condition: Condition;
  readonly isWanted: (event: StoredEvent) => boolean;
} {
  if (prefectIds === null) return { condition, isWanted: () => true };
  if (!prefectIds.some(mayBeDerived)) return { condition: restrictToIds(condition, prefectIds), isWanted: () => true };
  const wanted = new Set(prefectIds);
  return { condition, isWanted: ({ id }) => wanted.has(prefectId(id)) };
}

export interface ResolveParts {
  readonly database: Database;
  readonly head: Position;
  /** Adds the caller's visibility filter to a condition. */
  readonly visible: (condition: Condition) => Condition;
}

/**
 * Resolves the ids of a filter for stored events.
 *
 * The id from which a UUID was derived cannot be computed, and no index has it. So this scans the
 * newest events that match the rest of the filter, up to `maxScannedEvents`. Throws LIMIT_EXCEEDED
 * if it has to stop before it finds the event.
 */
export async function resolveFilter(
  { condition, prefectIds }: PrefectFilter,
  { database, head, visible }: ResolveParts,
): Promise<Condition> {
  if (prefectIds === null) return visible(condition);
  const storedIds = await readStoredIds(database, prefectIds, { head, filter: everything });
  const unresolved = new Set(prefectIds.filter((id) => mayBeDerived(id) && !storedIds.has(id)));
  const found = [...storedIds];
  const adaptiveLimit = new AdaptiveLimit(pageEvents);
  let after: PageBound | null = null;
  for (let scanned = 0; unresolved.size > 0;) {
    const request = {
      filter: visible(condition),
      order: 'NEWEST_FIRST',
      head,
      limit: adaptiveLimit.limit,
      backward: false,
      ...(after && { after }),
    } as const;
    const { events, more, bytes } = await readCutPage(database, request, withoutPayload);
    for (const { id } of events) if (unresolved.delete(prefectId(id))) found.push(id);
    const last = events.at(-1);
    if (!more || last === undefined) break;
    scanned += events.length;
    if (unresolved.size > 0 && scanned >= maxScannedEvents) throw tooMany();
    adaptiveLimit.record(events.length, bytes);
    after = { position: last.position, occurred: last.occurred };
  }
  return visible(restrictToIds(condition, found));
}

function restrictToIds(condition: Condition, ids: readonly string[]): Condition {
  return allOf<Condition>([[{ kind: 'oneOf', field: 'id', values: ids }], [condition]]);
}

function tooMany(): TidingsError {
  const message = `filter.id.id: one of these may stand for an id that is not a UUID, and none of the latest ${maxScannedEvents} events that match the rest of the filter has it; narrow the filter, for example by occurred`;
  return new TidingsError('LIMIT_EXCEEDED', message, { path: ['filter', 'id', 'id'] });
}

/** A few seconds of work. */
const maxScannedEvents = 50_000;
const pageEvents = 1000;
