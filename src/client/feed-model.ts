import type { StreamState } from './follow/stream-types.ts';

/** What the model needs of an event. */
export interface FeedEvent {
  readonly id: string;
  /** UTC with microseconds. */
  readonly occurred: string;
}

/** A row and its place among the events that occurred at the same time. */
interface Row<E> {
  readonly event: E;
  /** Later in the log is greater: live events count up from 1, those of pages down from 0. */
  readonly rank: number;
}

/** A list of the newest events, and the live events that are held back while it is read. */
export interface FeedModel<E extends FeedEvent> {
  readonly rows: readonly Row<E>[];
  readonly held: readonly Row<E>[];
  readonly isHolding: boolean;
  /** Events below the last row exist. */
  readonly hasOlder: boolean;
  /** How often events were not available; the list was loaded again each time. */
  readonly gaps: number;
  readonly state: StreamState['is'];
  readonly maxRows: number;
}

export type FeedAction<E> =
  /** The first page: replaces all rows. */
  | { readonly type: 'loaded'; readonly events: readonly E[]; readonly hasOlder: boolean }
  /** A page below the last row. */
  | { readonly type: 'older'; readonly events: readonly E[]; readonly hasOlder: boolean }
  /** Live events, in the order of the log. */
  | { readonly type: 'received'; readonly events: readonly E[] }
  /** Keeps the rows still: live events are held. */
  | { readonly type: 'hold' }
  /** Shows held events, and live ones as they arrive. */
  | { readonly type: 'follow' }
  | { readonly type: 'gap' }
  | { readonly type: 'state'; readonly state: StreamState['is'] };

export function emptyFeed<E extends FeedEvent>(maxRows: number): FeedModel<E> {
  return { rows: [], held: [], isHolding: false, hasOlder: false, gaps: 0, state: 'connecting', maxRows };
}

/**
 * The list after an action.
 *
 * Guarantees: the rows are the newest events in order, without a hole: exactly the first ones of the
 * plain query (NEWEST_FIRST) over all that was loaded and received, without held ones. At most
 * `maxRows` rows and as many held events.
 */
export function reduceFeed<E extends FeedEvent>(feed: FeedModel<E>, action: FeedAction<E>): FeedModel<E> {
  switch (action.type) {
    case 'loaded':
      return { ...feed, rows: action.events.map((event, index) => ({ event, rank: -index })), held: [], hasOlder: action.hasOlder };
    case 'older': {
      const lowest = Math.min(0, ...feed.rows.map(({ rank }) => rank));
      const known = new Set([...feed.rows, ...feed.held].map(({ event }) => event.id));
      const rows = action.events.flatMap((event, index) => (known.has(event.id) ? [] : [{ event, rank: lowest - 1 - index }]));
      return { ...feed, rows: [...feed.rows, ...rows], hasOlder: action.hasOlder };
    }
    case 'received':
      return receive(feed, action.events);
    case 'hold':
      return { ...feed, isHolding: true };
    case 'follow':
      return withRows({ ...feed, isHolding: false, held: [] }, [...feed.rows, ...feed.held]);
    case 'gap':
      return { ...feed, gaps: feed.gaps + 1 };
    case 'state':
      return { ...feed, state: action.state };
    default:
      return action satisfies never;
  }
}

function receive<E extends FeedEvent>(feed: FeedModel<E>, events: readonly E[]): FeedModel<E> {
  const highest = Math.max(0, ...feed.rows.map(({ rank }) => rank), ...feed.held.map(({ rank }) => rank));
  const ranks = new Map(events.map((event, index) => [event.id, highest + 1 + index]));
  // An older page can have had an event that arrives only now: its rank in the log is known now.
  const rows = feed.rows.map((row) => ({ event: row.event, rank: ranks.get(row.event.id) ?? row.rank }));
  const known = new Set([...feed.rows, ...feed.held].map(({ event }) => event.id));
  const last = feed.hasOlder ? feed.rows.at(-1)?.event.occurred : undefined;
  const added = events.flatMap((event) => {
    // Below the last row it is part of a page that is not loaded yet.
    if (known.has(event.id) || (last !== undefined && event.occurred < last)) return [];
    known.add(event.id);
    return [{ event, rank: ranks.get(event.id) ?? 0 }];
  });
  if (!feed.isHolding) return withRows(feed, [...rows, ...added]);
  // The lowest ones are dropped if there are too many. They are below the rows that will be shown.
  const held = [...feed.held, ...added].toSorted(newestFirst);
  return { ...feed, rows, held: held.slice(0, feed.maxRows), hasOlder: feed.hasOlder || held.length > feed.maxRows };
}

function withRows<E extends FeedEvent>(feed: FeedModel<E>, rows: readonly Row<E>[]): FeedModel<E> {
  const sorted = rows.toSorted(newestFirst);
  return { ...feed, rows: sorted.slice(0, feed.maxRows), hasOlder: feed.hasOlder || sorted.length > feed.maxRows };
}

function newestFirst(a: Row<FeedEvent>, b: Row<FeedEvent>): number {
  if (a.event.occurred !== b.event.occurred) return a.event.occurred < b.event.occurred ? 1 : -1;
  return b.rank - a.rank;
}
