import { firstOf, mostFirst } from '../../counts/bucket-order.ts';
import { CountTable } from '../../counts/count-table.ts';
import type { Database } from '../database/database.ts';
import { timeLimitExceeded } from '../database/database-errors.ts';
import { readCounts, type CountsRequest } from './count-events.ts';

/**
 * Counts by dimensions, as `readCounts`, for the `first` groups with the largest counts only. With more
 * groups than memory may hold, it counts in several passes, each of them one part of the groups. Throws
 * LIMIT_EXCEEDED if all passes take longer than a statement may, or have more than eight million groups.
 */
export async function readLargestCounts(
  database: Database,
  request: CountsRequest,
  { first, maxGroups = defaultMaxGroups }: { readonly first: number; readonly maxGroups?: number },
): Promise<CountTable> {
  const startedAt = performance.now();
  const table = await readCounts(database, request, { table: new CountTable({ divides: true, maxGroups }) });
  const { partCount: count, total } = table;
  if (count === 1) return table;
  let largest = firstOf(table.largest(first), first, mostFirst);
  let { size } = table;
  for (let index = 1; index < count; index += 1) {
    if (database.statementTimeout > 0 && performance.now() - startedAt > database.statementTimeout) {
      throw timeLimitExceeded(database.statementTimeout);
    }
    const part = await readCounts(database, request, { table: new CountTable({ part: { index, count } }) });
    largest = firstOf([...largest, ...part.largest(first)], first, mostFirst);
    size += part.size;
  }
  const found = new CountTable();
  for (const group of largest) found.addGroup(group);
  return Object.assign(found, { total, omitted: size - largest.length });
}

/** Below the limit of a table, since parts differ in size. */
const defaultMaxGroups = 450_000;
