import type { Seen } from '../../src/auth/visibility.ts';
import { TidingsError } from '../../src/errors.ts';
import { formatCursor, parseCursor, type EventOrder, type Position } from '../../src/event/cursor.ts';
import type { StoredEvent } from '../../src/event/event.ts';
import type { Selection } from '../../src/filter/filter.ts';
import type { Page, Place } from '../../src/store/queries/page-request.ts';
import { checkKept } from '../../src/store/retention/log-start.ts';
import type { Context } from '../context.ts';
import type { RequestAtHead, TiedTo } from '../loaders.ts';

/** Relay's paging arguments. */
export interface PagingArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** Behind EventConnection: what is read only when a field asks for it. */
export interface EventConnection {
  page(): Promise<Page>;
  hasNextPage(): Promise<boolean>;
  hasPreviousPage(): Promise<boolean>;
  /** At most `max` + 1. */
  count(max: number): Promise<number>;
  head(): Promise<Position>;
  cursor(event: StoredEvent): string;
}

/** The events that a connection ranges over: a selection of all, or of those tied to a key. */
export type Range = Selection & TiedTo & { readonly filter: Seen };

/** Opens a connection. Throws BAD_USER_INPUT, LIMIT_EXCEEDED, BAD_CURSOR and CURSOR_EXPIRED. */
export async function openConnection(context: Context, range: Range, args: PagingArgs): Promise<EventConnection> {
  const { services, reads } = context;
  const { filter, order } = range;
  const limit = pageLimit(args, services.limits.pageSize);
  const after = await place(context, order, { after: args.after });
  const before = await place(context, order, { before: args.before });
  const backward = args.last !== undefined && args.last !== null;
  const between = { filter, order, ...(after === null ? {} : { after }), ...(before === null ? {} : { before }) };
  const readPage = async (): Promise<Page> => {
    const found = await reads.page({ ...between, limit, backward }, range);
    // Once more, so that nothing that went away while it was read goes unsaid.
    if (after !== null) await checkKept(services.removedUpTo, after.position, ['after']);
    if (before !== null) await checkKept(services.removedUpTo, before.position, ['before']);
    return found;
  };
  let reading: Promise<Page> | null = null;
  const page = (): Promise<Page> => (reading ??= readPage());

  /** Whether anything lies on the far side of the page's edge, or of the cursor where the page is empty. */
  const beyond = async (side: 'after' | 'before', edge: StoredEvent | undefined, cursor: Place): Promise<boolean> => {
    const from = edge === undefined ? ({ ...cursor, inclusive: true } as const) : placeOf(edge, order);
    const one: RequestAtHead = { filter, order, [side]: from, limit: 1, backward: side === 'before' };
    return (await reads.page(one, range)).events.length > 0;
  };
  return {
    page,
    async hasNextPage() {
      const { events, more } = await page();
      if (!backward && more) return true;
      return before === null ? false : beyond('after', events.at(-1), before);
    },
    async hasPreviousPage() {
      const { events, more } = await page();
      if (backward && more) return true;
      return after === null ? false : beyond('before', events.at(0), after);
    },
    count: (max) => reads.count({ filter, order, max }, range),
    head: () => reads.head(),
    cursor: (event) => formatCursor({ epoch: services.lineage.epoch, order, ...placeOf(event, order) }),
  };
}

function placeOf(event: StoredEvent, order: Selection['order']): Place {
  return order === 'LOG' ? { position: event.position } : { position: event.position, occurred: event.occurred };
}

async function place(context: Context, order: EventOrder, argument: PagingArgs): Promise<Place | null> {
  const [[name, text] = []] = Object.entries(argument);
  if (name === undefined || typeof text !== 'string') return null;
  const cursor = parseCursor(text, order, [name]);
  context.services.lineage.check(cursor, await context.reads.head(), [name]);
  await checkKept(context.services.removedUpTo, cursor.position, [name]);
  const { position, occurred } = cursor;
  return occurred === undefined ? { position } : { position, occurred };
}

/** How many nodes a page has at most. Throws BAD_USER_INPUT and LIMIT_EXCEEDED. */
export function pageLimit({ first, last }: PagingArgs, most: number): number {
  const forward = first ?? null;
  const backward = last ?? null;
  if (forward !== null && backward !== null) {
    throw new TidingsError('BAD_USER_INPUT', 'first, last: expected one of them, got both', { path: ['last'] });
  }
  const [name, limit] = backward === null ? (['first', forward ?? defaultLimit] as const) : (['last', backward] as const);
  if (limit >= 1 && limit <= most) return limit;
  throw new TidingsError(
    limit < 1 ? 'BAD_USER_INPUT' : 'LIMIT_EXCEEDED',
    `${name}: expected a whole number from 1 to ${most}, got ${limit}`,
    { path: [name] },
  );
}

const defaultLimit = 50;
