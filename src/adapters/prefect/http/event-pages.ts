import { seenBy } from '../../../auth/visibility.ts';
import type { Caller } from '../../../auth/caller.ts';
import { parseCountBy } from '../../../counts/dimensions.ts';
import { instantOf } from '../../../event/instant.ts';
import { formatCursor, parseCursor, type Position } from '../../../event/cursor.ts';
import type { StoredEvent } from '../../../event/event.ts';
import type { Condition } from '../../../filter/filter.ts';
import type { FilterBounds } from '../../../filter/parse/parse-context.ts';
import { compareCodePoints } from '../../../event/text.ts';
import { readCounts } from '../../../store/counts/count-events.ts';
import type { Database } from '../../../store/database/database.ts';
import type { Lineage } from '../../../store/epochs.ts';
import type { HeadReader } from '../../../store/log/log-head.ts';
import { everyEvent, type Place } from '../../../store/queries/page-request.ts';
import { readPages } from '../../../store/queries/pages.ts';
import { Portion } from '../../../store/database/adaptive-limit.ts';
import { resolvedFilter } from '../resolve-event-ids.ts';
import { parsePrefectFilter, type PrefectFilter } from '../prefect-filter.ts';
import type { NextPage } from './page-token.ts';

export interface ReadPageParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly lineage: Lineage;
  readonly limits: FilterBounds;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** How many there are on all pages. */
  readonly total: number;
  readonly next: NextPage | null;
}

export interface PageAsked {
  readonly filter: unknown;
  readonly limit: number;
}

/** The first page of the events that match. Throws BAD_FILTER, and LIMIT_EXCEEDED where they are too many to count. */
export async function readFirstPage(parts: ReadPageParts, asked: PageAsked, caller: Caller): Promise<EventPage> {
  const head = await parts.heads.head();
  const selection = await selectionOf(parts, asked.filter, { head, caller });
  const { epoch } = parts.lineage;
  const begun = { ...asked, head: formatCursor({ epoch, position: head }) };
  if (selection.distinct) return distinctPage(parts, selection, begun);
  return plainPage(parts, selection, { ...begun, total: await countOf(parts, selection) });
}

/** The page behind another one. */
export async function readNextPage(parts: ReadPageParts, next: NextPage, caller: Caller): Promise<EventPage> {
  const { position: head, ...log } = parseCursor(next.head, 'LOG', ['page-token']);
  parts.lineage.check({ ...log, position: head }, await parts.heads.head(), ['page-token']);
  const selection = await selectionOf(parts, next.filter, { head, caller });
  return selection.distinct ? distinctPage(parts, selection, next) : plainPage(parts, selection, next);
}

interface Chosen extends Pick<PrefectFilter, 'order' | 'distinct'> {
  readonly filter: Condition;
  readonly head: Position;
}

async function selectionOf(
  { database, limits }: ReadPageParts,
  filter: unknown,
  { head, caller }: { readonly head: Position; readonly caller: Caller },
): Promise<Chosen> {
  const parsed = parsePrefectFilter(filter, ['filter'], limits);
  const resolved = await resolvedFilter(parsed, { database, head, seen: (condition) => seenBy(caller, condition) });
  return { filter: resolved, order: parsed.order, distinct: parsed.distinct, head };
}

async function countOf({ database }: ReadPageParts, { filter, head }: Chosen): Promise<number> {
  const dimensions = parseCountBy([{ time: { unit: 'YEAR' } }], ['filter']); // few keys, whatever the events
  return (await readCounts(database, { filter, dimensions, head })).total;
}

type Begun = Omit<NextPage, 'after'> & Partial<Pick<NextPage, 'after'>>;

/** A page may have fewer events than asked for, where these are so large that they would take much memory together. */
async function plainPage({ database, lineage }: ReadPageParts, { filter, order, head }: Chosen, begun: Begun): Promise<EventPage> {
  const { limit, total } = begun;
  const events: StoredEvent[] = [];
  let after: Place | null = typeof begun.after === 'string' ? parseCursor(begun.after, order, ['page-token']) : null;
  const portion = new Portion(Math.max(limit, 1), mostBytes);
  let more = limit > 0;
  for (let bytes = 0; more && events.length < limit && bytes < mostBytes;) {
    const size = Math.min(events.length === 0 ? Math.min(limit, firstPortion) : portion.limit, limit - events.length);
    const request = { filter, order, head, limit: size, backward: false, ...(after && { after }) } as const;
    const [page] = await readPages(database, request, everyEvent);
    events.push(...(page?.events ?? []));
    portion.saw(page?.events.length ?? 0, page?.bytes ?? 0);
    bytes += page?.bytes ?? 0;
    more = page?.more ?? false;
    const last = events.at(-1);
    after = last === undefined ? after : { position: last.position, occurred: last.occurred };
  }
  const place = after === null ? null : formatCursor({ epoch: lineage.epoch, order, ...after });
  return { events, total, next: more && place !== null ? { ...begun, after: place } : null };
}

/** Of each resource the first event in the order; the resources in the order of these events, ties by their ids. */
async function distinctPage({ database }: ReadPageParts, chosen: Chosen, begun: Omit<Begun, 'total'>): Promise<EventPage> {
  const { filter, order, head } = chosen;
  const { limit, after } = begun;
  const table = await readCounts(database, { filter, dimensions: parseCountBy([{ resource: {} }], ['filter']), head });
  const sign = order === 'NEWEST_FIRST' ? -1 : 1;
  const inOrder = (a: readonly [string, string], b: readonly [string, string]): number =>
    (a[0] === b[0] ? 0 : a[0] < b[0] ? -sign : sign) || compareCodePoints(a[1], b[1]);
  const first = table
    .all()
    .map(({ keys, ...cell }): readonly [string, string] => {
      const at = sign < 0 ? instantOf(cell.lastSecond, cell.lastMicros) : instantOf(cell.firstSecond, cell.firstMicros);
      return [at, String(keys[0])];
    })
    .filter((each) => typeof after !== 'object' || inOrder(each, after) > 0)
    .toSorted(inOrder);
  const wanted = first.slice(0, limit);
  const one = { filter, order, head, limit: 1, backward: false } as const;
  const pages = await readPages(database, one, { tie: 'PRIMARY', keys: wanted.map(([, id]) => id) });
  const last = wanted.at(-1);
  const next = first.length > wanted.length && last !== undefined ? { ...begun, total: table.size, after: last } : null;
  return { events: pages.flatMap(({ events }) => events), total: table.size, next };
}

const firstPortion = 100;
const mostBytes = 32 << 20;
