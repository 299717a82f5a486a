import type { Caller } from '../../../auth/caller.ts';
import { visibleTo } from '../../../auth/visibility.ts';
import { parseCountBy } from '../../../counts/dimensions.ts';
import { formatCursor, parseCursor, type Position } from '../../../event/cursor.ts';
import type { StoredEvent } from '../../../event/event.ts';
import { instantOf } from '../../../event/instant.ts';
import { compareCodePoints } from '../../../event/text.ts';
import type { Condition } from '../../../filter/filter.ts';
import type { FilterBounds } from '../../../filter/parse/parse-context.ts';
import { readCounts } from '../../../store/counts/count-events.ts';
import type { Database } from '../../../store/database/database.ts';
import type { EpochHistory } from '../../../store/epochs.ts';
import type { HeadReader } from '../../../store/log/log-head.ts';
import type { PageBound } from '../../../store/queries/page-request.ts';
import type { OperationBudget } from '../../../store/database/read-budget.ts';
import { readCutPage, readPages } from '../../../store/queries/pages.ts';
import { parsePrefectFilter, type PrefectFilter } from '../prefect-filter.ts';
import { resolveFilter } from '../resolve-event-ids.ts';
import type { NextPage } from './page-token.ts';

export interface EventReadParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly epochHistory: EpochHistory;
  readonly limits: FilterBounds;
}

export interface ReadPageParts extends EventReadParts {
  /** Of one request. */
  readonly budget: OperationBudget;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Events on all pages. */
  readonly total: number;
  readonly next: NextPage | null;
}

export interface FirstPageRequest {
  readonly filter: unknown;
  readonly limit: number;
}

/** The first page of matching events. Throws BAD_FILTER, LIMIT_EXCEEDED if counting times out. */
export async function readFirstPage(parts: ReadPageParts, request: FirstPageRequest, caller: Caller): Promise<EventPage> {
  const head = await parts.heads.head();
  const selection = await selectionOf(parts, request.filter, { head, caller });
  const { epoch } = parts.epochHistory;
  const state = { ...request, head: formatCursor({ epoch, position: head }) };
  if (selection.distinct) return distinctPage(parts, selection, state);
  return orderedPage(parts, selection, { ...state, total: await countOf(parts, selection) });
}

/** The page after another one. */
export async function readNextPage(parts: ReadPageParts, next: NextPage, caller: Caller): Promise<EventPage> {
  const { position: head, ...log } = parseCursor(next.head, 'LOG', ['page-token']);
  parts.epochHistory.check({ ...log, position: head }, await parts.heads.head(), ['page-token']);
  const selection = await selectionOf(parts, next.filter, { head, caller });
  return selection.distinct ? distinctPage(parts, selection, next) : orderedPage(parts, selection, next);
}

interface PageSelection extends Pick<PrefectFilter, 'order' | 'distinct'> {
  readonly filter: Condition;
  readonly head: Position;
}

async function selectionOf(
  { database, limits }: ReadPageParts,
  filter: unknown,
  { head, caller }: { readonly head: Position; readonly caller: Caller },
): Promise<PageSelection> {
  const parsed = parsePrefectFilter(filter, ['filter'], limits);
  const resolved = await resolveFilter(parsed, { database, head, visible: (condition) => visibleTo(caller, condition) });
  return { filter: resolved, order: parsed.order, distinct: parsed.distinct, head };
}

async function countOf({ database }: ReadPageParts, { filter, head }: PageSelection): Promise<number> {
  const dimensions = parseCountBy([{ time: { unit: 'YEAR' } }], ['filter']); // years: few keys for any events
  return (await readCounts(database, { filter, dimensions, head })).total;
}

type PageState = Omit<NextPage, 'after'> & Partial<Pick<NextPage, 'after'>>;

/** A page of large events can have fewer than `limit`, to bound memory. */
async function orderedPage(
  { database, epochHistory, budget }: ReadPageParts,
  { filter, order, head }: PageSelection,
  state: PageState,
): Promise<EventPage> {
  const { limit, total } = state;
  const events: StoredEvent[] = [];
  let after: PageBound | null = typeof state.after === 'string' ? parseCursor(state.after, order, ['page-token']) : null;
  // In memory, an event takes about twice its bytes in a response.
  const maxBytes = Math.min(maxPageBytes, budget.maxBytes);
  let more = limit > 0;
  for (let bytes = 0; more && events.length < limit && bytes < maxBytes;) {
    const request = { filter, order, head, limit: limit - events.length, backward: false, ...(after && { after }) } as const;
    const page = await readCutPage(database, request, budget);
    events.push(...page.events);
    bytes += page.bytes;
    more = page.more;
    const last = events.at(-1);
    after = last === undefined ? after : { position: last.position, occurred: last.occurred };
  }
  const endCursor = after === null ? null : formatCursor({ epoch: epochHistory.epoch, order, ...after });
  return { events, total, next: more && endCursor !== null ? { ...state, after: endCursor } : null };
}

/** The first event of each resource, in the requested order; ties are ordered by resource id. */
async function distinctPage(
  { database, budget }: ReadPageParts,
  selection: PageSelection,
  state: Omit<PageState, 'total'>,
): Promise<EventPage> {
  const { filter, order, head } = selection;
  const { limit, after } = state;
  const table = await readCounts(database, { filter, dimensions: parseCountBy([{ resource: {} }], ['filter']), head });
  const sign = order === 'NEWEST_FIRST' ? -1 : 1;
  const inOrder = (a: readonly [string, string], b: readonly [string, string]): number =>
    (a[0] === b[0] ? 0 : a[0] < b[0] ? -sign : sign) || compareCodePoints(a[1], b[1]);
  const first = table
    .all()
    .map(({ keys, ...group }): readonly [string, string] => {
      const at = sign < 0 ? instantOf(group.lastSecond, group.lastMicros) : instantOf(group.firstSecond, group.firstMicros);
      return [at, String(keys[0])];
    })
    .filter((each) => typeof after !== 'object' || inOrder(each, after) > 0)
    .toSorted(inOrder);
  const wanted = first.slice(0, limit);
  const one = { filter, order, head, limit: 1, backward: false } as const;
  const pages = await readPages(database, one, { scope: 'PRIMARY', keys: wanted.map(([, id]) => id), budget });
  const last = wanted.at(-1);
  const next = first.length > wanted.length && last !== undefined ? { ...state, total: table.size, after: last } : null;
  return { events: pages.flatMap(({ events }) => events), total: table.size, next };
}

const maxPageBytes = 32 << 20;
