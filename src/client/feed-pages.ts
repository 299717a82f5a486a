import type { TidingsReader } from './create-reader.ts';
import type { EventFilter } from './event-types.ts';
import type { FeedEvent } from './feed-rows.ts';
import type { Cursor } from './follow/stream-types.ts';

/** What a feed requests. */
export interface FeedQuery {
  readonly filter: EventFilter;
  readonly select: string;
  readonly order: 'occurred' | 'log';
}

/** A part of the list, newest first. */
export interface FeedPage<E> {
  readonly events: readonly E[];
  readonly hasMore: boolean;
  readonly head: Cursor;
  /** The last event, and the position in this order below it. */
  readonly end: { readonly id: string; readonly cursor: Cursor } | null;
}

export interface PageBound {
  /** The size of the page. */
  readonly size: number;
  readonly signal: AbortSignal;
}

/** The newest events. Sends one request, and throws errors that may pass. */
export async function newestPage<E extends FeedEvent>(
  tidings: TidingsReader,
  query: FeedQuery,
  { size, signal }: PageBound,
): Promise<FeedPage<E>> {
  return await request<E>(tidings, query, query.order === 'log' ? { last: size, signal, once: true } : { first: size, signal, once: true });
}

/** The events below an event. `known`: the end of the last page, whose position saves a request. */
export async function pageBelow<E extends FeedEvent>(
  tidings: TidingsReader,
  query: FeedQuery,
  { event, known, size, signal }: PageBound & { readonly event: FeedEvent; readonly known: FeedPage<E>['end'] },
): Promise<FeedPage<E>> {
  if (query.order === 'log') return await request<E>(tidings, query, { last: size, before: event.cursor, signal });
  const after = known?.id === event.id ? known.cursor : await positionOf(tidings, event.id, signal);
  if (after !== null) return await request<E>(tidings, query, { first: size, after, signal });
  // The event was removed: everything of its time and before, of which the list drops what it has.
  const until = nextMicrosecond(event.occurred);
  return await request<E>(tidings, { ...query, filter: { and: [query.filter, { occurred: { until } }] } }, { first: size, signal });
}

/** The events directly above an event; null if it was removed. */
export async function pageAbove<E extends FeedEvent>(
  tidings: TidingsReader,
  query: FeedQuery,
  { event, size, signal }: PageBound & { readonly event: FeedEvent },
): Promise<FeedPage<E> | null> {
  if (query.order === 'log') return await request<E>(tidings, query, { first: size, after: event.cursor, signal });
  const before = await positionOf(tidings, event.id, signal);
  return before === null ? null : await request<E>(tidings, query, { last: size, before, signal });
}

type Part = { readonly first: number; readonly after?: Cursor } | { readonly last: number; readonly before?: Cursor };

async function request<E extends FeedEvent>(
  tidings: TidingsReader,
  { filter, select, order }: FeedQuery,
  part: Part & { readonly signal: AbortSignal; readonly once?: boolean },
): Promise<FeedPage<E>> {
  const page = await tidings.page({ filter, select, order: order === 'log' ? 'LOG' : 'NEWEST_FIRST', ...part });
  const nodes = page.nodes as unknown as readonly E[];
  const last = nodes.at(-1);
  return {
    events: order === 'log' ? nodes.toReversed() : nodes,
    hasMore: 'first' in part ? page.hasNextPage : page.hasPreviousPage,
    head: page.head,
    end: last === undefined || page.endCursor === null ? null : { id: last.id, cursor: page.endCursor },
  };
}

/** The position of an event in the order NEWEST_FIRST; null if it is not stored any more. */
async function positionOf(tidings: TidingsReader, id: string, signal: AbortSignal): Promise<Cursor | null> {
  return (await tidings.page({ filter: { id: [id] }, first: 1, select: 'id', signal })).endCursor;
}

function nextMicrosecond(instant: string): string {
  const micros = Number(instant.slice(20, 26)) + 1;
  if (micros < 1_000_000) return `${instant.slice(0, 20)}${String(micros).padStart(6, '0')}Z`;
  return `${new Date(Date.parse(`${instant.slice(0, 19)}Z`) + 1000).toISOString().slice(0, 19)}.000000Z`;
}
