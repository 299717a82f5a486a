import { runQuery, UnexpectedResponse } from './query.ts';
import type { Fleet } from './fleet.ts';
import { positionOf } from './position.ts';

/** An event as pages return it. */
export interface Listed {
  readonly id: string;
  readonly cursor: string;
  readonly position: number;
  readonly follows: string | null;
  /** In milliseconds since 1970. */
  readonly received: number;
}

const pages = `query ($filter: EventFilter, $after: Cursor) { events(filter: $filter, order: LOG, after: $after, first: 1000) {
  nodes { id cursor followsId received } pageInfo { hasNextPage endCursor } } }`;
const count = 'query ($filter: EventFilter) { events(filter: $filter, first: 1) { totalCount(max: 1000000) { count } } }';

/**
 * The events after a cursor that match a filter: all pages in log order, each from another server.
 * Throws if they are out of order.
 */
export async function plainQuery(fleet: Fleet, filter: object | null, after: string): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  let last = positionOf(after);
  for (let from: string | null = after, page = 0; from !== null; page += 1) {
    const { events } = await runQuery(fleet.url(page % fleet.size), pages, { filter, after: from });
    for (const { id, cursor, followsId, received } of events.nodes) {
      const position = positionOf(cursor);
      if (position <= last) throw new UnexpectedResponse(`the plain query of ${JSON.stringify(filter)}: ${id} is out of order`);
      last = position;
      listed.push({ id, cursor, position, follows: followsId, received: Date.parse(received) });
    }
    from = events.pageInfo.hasNextPage ? events.pageInfo.endCursor : null;
  }
  return listed;
}

/** The number of matching events in the whole log. */
export async function plainCount(fleet: Fleet, filter: object | null): Promise<number> {
  return (await runQuery(fleet.url(0), count, { filter })).events.totalCount.count;
}

/** Whether a page after a cursor fails because events after it were removed. */
export async function rejectsExpired(fleet: Fleet, filter: object | null, after: string): Promise<boolean> {
  return runQuery(fleet.url(0), pages, { filter, after }).then(
    () => false,
    (error: unknown) => error instanceof UnexpectedResponse && error.code === 'CURSOR_EXPIRED',
  );
}
