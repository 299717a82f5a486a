import type { VisibleFilter } from '../../src/auth/visibility.ts';
import { TidingsError } from '../../src/errors.ts';
import { formatCursor, parseCursor, type EventOrder, type Position } from '../../src/event/cursor.ts';
import type { StoredEvent } from '../../src/event/event.ts';
import type { EventQuery } from '../../src/filter/filter.ts';
import type { Page, PageBound } from '../../src/store/queries/page-request.ts';
import { checkRetained } from '../../src/store/log/log-start.ts';
import type { Context } from '../context.ts';
import type { PageRequestAtHead, ScopeWithKey } from '../loaders.ts';

/** Relay's paging arguments. */
export interface PagingArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** The value of the type EventConnection. Reads nothing until a field needs it. */
export interface EventConnection {
  page(): Promise<Page>;
  hasNextPage(): Promise<boolean>;
  hasPreviousPage(): Promise<boolean>;
  /** The number of matching events, at most `max` + 1. */
  count(max: number): Promise<number>;
  head(): Promise<Position>;
  cursor(event: StoredEvent): string;
}

/** The events of a connection: those in a scope that match a filter. */
export type ConnectionRange = EventQuery & ScopeWithKey & { readonly filter: VisibleFilter };

/** Opens a connection. Throws BAD_USER_INPUT, BAD_CURSOR and CURSOR_EXPIRED. */
export async function openConnection(context: Context, range: ConnectionRange, args: PagingArgs): Promise<EventConnection> {
  const { services, loaders } = context;
  const { filter, order } = range;
  const limit = pageLimit(args, services.limits.pageSize);
  const after = await positionOf(context, order, { after: args.after });
  const before = await positionOf(context, order, { before: args.before });
  const backward = args.last !== undefined && args.last !== null;
  const between = { filter, order, ...(after === null ? {} : { after }), ...(before === null ? {} : { before }) };
  const readPage = async (): Promise<Page> => {
    const found = await loaders.page({ ...between, limit, backward }, range);
    // Check again: retention may have removed events while the page was read.
    if (after !== null) await checkRetained(services.logStart, after.position, ['after']);
    if (before !== null) await checkRetained(services.logStart, before.position, ['before']);
    return found;
  };
  let reading: Promise<Page> | null = null;
  const page = (): Promise<Page> => (reading ??= readPage());

  /** Returns whether events exist beyond the page's edge, or beyond the cursor if the page is empty. */
  const hasEventsBeyond = async (side: 'after' | 'before', edge: StoredEvent | undefined, cursor: PageBound): Promise<boolean> => {
    const from = edge === undefined ? ({ ...cursor, inclusive: true } as const) : positionOfEvent(edge, order);
    const probe: PageRequestAtHead = { filter, order, [side]: from, limit: 1, backward: side === 'before' };
    return (await loaders.page(probe, range)).events.length > 0;
  };
  return {
    page,
    async hasNextPage() {
      const { events, more } = await page();
      if (!backward && more) return true;
      return before === null ? false : hasEventsBeyond('after', events.at(-1), before);
    },
    async hasPreviousPage() {
      const { events, more } = await page();
      if (backward && more) return true;
      return after === null ? false : hasEventsBeyond('before', events.at(0), after);
    },
    count: (max) => loaders.count({ filter, order, max }, range),
    head: () => loaders.head(),
    cursor: (event) => formatCursor({ epoch: services.epochHistory.epoch, order, ...positionOfEvent(event, order) }),
  };
}

/** The maximum number of nodes of a page. Throws BAD_USER_INPUT. */
export function pageLimit({ first, last }: PagingArgs, max: number): number {
  const forward = first ?? null;
  const backward = last ?? null;
  if (forward !== null && backward !== null) {
    throw new TidingsError('BAD_USER_INPUT', 'first, last: expected one of them, got both', { path: ['last'] });
  }
  const [name, limit] = backward === null ? (['first', forward ?? defaultLimit] as const) : (['last', backward] as const);
  if (limit >= 0 && limit <= max) return limit;
  throw new TidingsError('BAD_USER_INPUT', `${name}: expected a whole number from 0 to ${max}, got ${limit}`, { path: [name] });
}

function positionOfEvent(event: StoredEvent, order: EventQuery['order']): PageBound {
  return order === 'LOG' ? { position: event.position } : { position: event.position, occurred: event.occurred };
}

async function positionOf(context: Context, order: EventOrder, argument: PagingArgs): Promise<PageBound | null> {
  const [[name, text] = []] = Object.entries(argument);
  if (name === undefined || typeof text !== 'string') return null;
  const cursor = parseCursor(text, order, [name]);
  context.services.epochHistory.check(cursor, await context.loaders.head(), [name]);
  await checkRetained(context.services.logStart, cursor.position, [name]);
  const { position, occurred } = cursor;
  return occurred === undefined ? { position } : { position, occurred };
}

const defaultLimit = 50;
