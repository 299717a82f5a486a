import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { allOf } from '../../filter/parse/parse-context.ts';
import type { Database } from '../../store/database/database.ts';
import { readEventsById } from '../../store/log/events-by-id.ts';
import { everyEvent, type Place } from '../../store/queries/page-request.ts';
import { readPages } from '../../store/queries/pages.ts';
import { Portion } from '../../store/database/adaptive-limit.ts';
import type { PrefectFilter } from './prefect-filter.ts';
import { mayStandForAnother, shownId } from './prefect-event.ts';

/** A filter for events that are still to come: ids that may stand for others are looked at as they come. */
export function withIds({ condition, shownIds }: PrefectFilter): {
  readonly condition: Condition;
  readonly isWanted: (event: StoredEvent) => boolean;
} {
  if (shownIds === null) return { condition, isWanted: () => true };
  if (!shownIds.some(mayStandForAnother)) return { condition: having(condition, shownIds), isWanted: () => true };
  const wanted = new Set(shownIds);
  return { condition, isWanted: ({ id }) => wanted.has(shownId(id)) };
}

export interface Looking {
  readonly database: Database;
  readonly head: Position;
  /** What the caller sees of a filter's events. */
  readonly seen: (condition: Condition) => Condition;
}

/**
 * The whole of a filter, for stored events. A UUID that stands for another id does not tell it, and no index knows it: it is
 * looked for among the events that meet the rest of the filter. Throws LIMIT_EXCEEDED where these are too many.
 */
export async function resolvedFilter({ condition, shownIds }: PrefectFilter, { database, head, seen }: Looking): Promise<Condition> {
  if (shownIds === null) return seen(condition);
  const own = await readEventsById(database, shownIds, head);
  const sought = new Set(shownIds.filter((id) => mayStandForAnother(id) && !own.has(id)));
  const found = [...own.keys()];
  const portion = new Portion(page);
  let after: Place | null = null;
  for (let looked = 0; sought.size > 0;) {
    const request = {
      filter: seen(condition),
      order: 'NEWEST_FIRST',
      head,
      limit: portion.limit,
      backward: false,
      ...(after && { after }),
    } as const;
    const [{ events, more, bytes } = nothing] = await readPages(database, request, everyEvent);
    for (const { id } of events) if (sought.delete(shownId(id))) found.push(id);
    const last = events.at(-1);
    if (!more || last === undefined) break;
    looked += events.length;
    if (sought.size > 0 && looked >= mostLookedAt) throw tooMany();
    portion.saw(events.length, bytes);
    after = { position: last.position, occurred: last.occurred };
  }
  return seen(having(condition, found));
}

function having(condition: Condition, ids: readonly string[]): Condition {
  return allOf<Condition>([[{ kind: 'oneOf', field: 'id', values: ids }], [condition]]);
}

function tooMany(): TidingsError {
  const message = `filter.id.id: one of these may stand for an id that is no UUID, and none of the latest ${mostLookedAt} events that meet the rest of the filter has it; narrow the filter, by occurred for example`;
  return new TidingsError('LIMIT_EXCEEDED', message, { path: ['filter', 'id', 'id'] });
}

const nothing = { events: [], more: false, bytes: 0 };
/** Some seconds' work. */
const mostLookedAt = 50_000;
const page = 1000;
