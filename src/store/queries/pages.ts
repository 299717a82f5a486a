import { sql } from 'drizzle-orm';
import { always } from '../../skip-index/pruning-predicate.ts';
import type { Database } from '../database/database.ts';
import type { HeadReading } from '../log/log-head.ts';
import { countMatches } from './count-matches.ts';
import { readPagesByBlockScan } from './block-scan.ts';
import { orderedScan } from './ordered-scan.ts';
import { inScope, isWithin, keyRows } from './page-sql.ts';
import { everyEvent, type CountRequest, type Page, type PageRequest, type RowScope, type ScopedKeys } from './page-request.ts';
import { completeRows, leadingRows, type PartialRow } from '../database/bounded-rows.ts';
import { bytesOfRows, passedOnEvents, type EventRow } from '../database/event-row.ts';
import { unbounded, type ReadBudget } from '../database/read-budget.ts';
import { accessPathOf, type AccessPath } from './access-path.ts';

/**
 * Reads the same page for each of many keys, and returns the pages in the order of the keys. All
 * keys share a few statements. Throws LIMIT_EXCEEDED if the events exceed the budget.
 */
export async function readPages(
  database: Database,
  request: PageRequest,
  { budget, ...scoped }: ScopedKeys & { readonly budget: ReadBudget },
): Promise<readonly Page[]> {
  const found = await findRows(database, request, { ...scoped, parts: budget.parts });
  return pagesOf(database, request, { found, budget });
}

/** Reads the same pages at a head that is read with their first statement. */
export async function readPagesWithHead(
  { database, known, expected, head: readingHead }: HeadReading,
  request: Omit<PageRequest, 'head'>,
  { budget, ...scoped }: ScopedKeys & { readonly budget: ReadBudget },
): Promise<readonly Page[]> {
  const scope = { ...scoped, parts: budget.parts };
  const early = await findRows(database, { ...request, head: expected, knownHead: known }, scope);
  const head = await readingHead;
  const isLater = ({ position }: PartialRow): boolean => Number(position) > head;
  // The statements saw every event up to the head, and perhaps later ones, which may fill a page.
  const areAll = head <= expected && early.every((rows) => rows.length <= request.limit || !rows.some(isLater));
  const atHead = { ...request, head };
  const found = areAll ? early.map((rows) => rows.filter((row) => !isLater(row))) : await findRows(database, atHead, scope);
  return pagesOf(database, atHead, { found, budget });
}

async function pagesOf(
  database: Database,
  request: PageRequest,
  { found, budget }: { readonly found: readonly (readonly PartialRow[])[]; readonly budget: ReadBudget },
): Promise<readonly Page[]> {
  const wanted = found.map((rows) => rows.slice(0, request.limit));
  const more = found.map((rows) => rows.length > request.limit);
  const pages: EventRow[][] = wanted.map(() => []);
  const rows = wanted.flatMap((page, index) => page.map((row) => Object.assign(row, { page: index })));
  for (const row of await completeRows(database, rows, budget)) pages[row.page]?.push(row);
  const read: Page[] = [];
  for (const [index, page] of pages.entries()) read.push(await pageOf(request, page, more[index] === true));
  return read;
}

/**
 * Reads one page of all events, which ends early rather than be large: with at least one event, if
 * there is one, and `more`.
 */
export async function readCutPage(database: Database, request: PageRequest, budget = unbounded): Promise<Page> {
  const { rows, more } = await readCutRows(database, request, budget);
  return pageOf(request, rows, more);
}

/** The rows of such a page, in the order of reading. */
export async function readCutRows(database: Database, request: PageRequest, budget: ReadBudget): Promise<CutRows> {
  const [found = []] = await findRows(database, request, { ...everyEvent, parts: budget.parts });
  const wanted = leadingRows(found.slice(0, request.limit));
  return { rows: await completeRows(database, wanted, budget), more: found.length > wanted.length };
}

export interface CutRows {
  readonly rows: readonly EventRow[];
  readonly more: boolean;
}

/** The rows of each key's page, and one more of each, if there is one. */
export async function findRows(database: Database, request: PageRequest, scoped: RowScope): Promise<readonly (readonly PartialRow[])[]> {
  const accessPath = scopedAccessPath(accessPathOf(request), scoped);
  return accessPath.kind === 'blockScan'
    ? readPagesByBlockScan(database, request, { ...scoped, predicate: accessPath.predicate })
    : orderedScan(database, request, scoped);
}

/** Counts the events of each key without a page limit, up to `max` + 1. */
export async function countEvents(database: Database, request: CountRequest, scoped: ScopedKeys): Promise<readonly number[]> {
  const accessPath = scopedAccessPath(accessPathOf({ ...request, order: 'LOG' }), scoped);
  if (accessPath.kind === 'blockScan') return countMatches(database, request, { ...scoped, predicate: accessPath.predicate });
  const rows = await database.rows<{ count: string }>(sql`
    select c.count
    from ${keyRows(scoped.keys)}
    cross join lateral (
      select count(*) from (
        select from tidings.events e where ${inScope[scoped.scope]} and ${isWithin(request)} limit ${request.max + 1}
      ) matching
    ) c
    order by k.n`);
  return rows.map((row) => Number(row.count));
}

/** FOLLOWS and PRIMARY have an index of their own; RELATED and ANY have terms in the skip index. */
function scopedAccessPath(accessPath: AccessPath, { scope }: ScopedKeys): AccessPath {
  if (scope === 'FOLLOWS' || scope === 'PRIMARY') return { kind: 'orderedScan' };
  if (scope === 'EVERYTHING' || accessPath.kind !== 'orderedScan') return accessPath;
  return { kind: 'blockScan', predicate: always };
}

async function pageOf({ backward }: PageRequest, rows: readonly EventRow[], more: boolean): Promise<Page> {
  const events = await passedOnEvents(rows);
  return { events: backward ? events.toReversed() : events, more, bytes: bytesOfRows(rows) };
}
