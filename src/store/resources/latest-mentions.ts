import { mapStepsInSlices } from '../../concurrency/time-slices.ts';
import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import { everything } from '../../filter/filter.ts';
import { completeRows, type PartialRow } from '../database/bounded-rows.ts';
import type { Database } from '../database/database.ts';
import { storedEvent } from '../database/event-row.ts';
import type { ReadBudget } from '../database/read-budget.ts';
import { fromTimestamp } from '../database/timestamps.ts';
import type { PageRequest } from '../queries/page-request.ts';
import { findRows } from '../queries/pages.ts';

/**
 * Reads the latest event that mentions each of many resources, as primary or related: of the latest
 * one with the resource as the primary one, and the latest one with it as a related one.
 *
 * Guarantees: the same event as the first one of a page in the order NEWEST_FIRST.
 */
export async function readLatestMentions(
  database: Database,
  ids: readonly string[],
  { head, budget }: { readonly head: Position; readonly budget: ReadBudget },
): Promise<ReadonlyMap<string, StoredEvent>> {
  // One row of each: a page reads one row more than its limit.
  const request: PageRequest = { filter: everything, order: 'NEWEST_FIRST', head, limit: 0, backward: false };
  const { parts } = budget;
  const [primary, related] = await Promise.all([
    findRows(database, request, { scope: 'PRIMARY', keys: ids, parts }),
    findRows(database, request, { scope: 'RELATED', keys: ids, parts }),
  ]);
  const mentions = ids.flatMap((id, index) => {
    const row = laterOf(primary[index]?.[0], related[index]?.[0]);
    return row === undefined ? [] : [{ ...row, mentionedId: id }];
  });
  const rows = await completeRows(database, mentions, budget);
  return new Map(
    await mapStepsInSlices(rows, function* (row) {
      return [row.mentionedId, yield* storedEvent(row)] as const;
    }),
  );
}

function laterOf(one: PartialRow | undefined, other: PartialRow | undefined): PartialRow | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const [oneTime, otherTime] = [fromTimestamp(one.occurred), fromTimestamp(other.occurred)];
  if (oneTime !== otherTime) return oneTime > otherTime ? one : other;
  return Number(one.position) > Number(other.position) ? one : other;
}
