import * as fc from 'fast-check';
import type { EventOrder } from '../../../src/event/cursor.ts';
import { anyEvent, anyFilter, bloomFiltered } from '../../support/oracles/random-filters.ts';
import { sleep } from '../../../src/concurrency/sleep.ts';
import type { Fleet } from '../fleet.ts';
import { positionOf } from '../position.ts';
import { runQuery, UnexpectedResponse } from '../query.ts';
import { randomOf, type Random } from '../random.ts';
import type { RunStats } from '../stats.ts';

/** The pages of a client that reads the first or last matches of one filter again and again. */
export interface PagerPlan {
  readonly name: string;
  readonly filter: object;
  /** Repeated in order. */
  readonly reads: readonly PageRead[];
}

export interface PageRead {
  readonly order: EventOrder;
  /** From the end of the order. */
  readonly backward: boolean;
  readonly limit: number;
  /** The most matches that are counted. */
  readonly max: number;
  /** Whether the head is selected, so that it is read before the page, or not, so that it is read with it. */
  readonly selectsHead: boolean;
  readonly server: number;
  readonly pauseMs: number;
}

/** A page that was read, in the direction of reading. */
export interface ReadPage {
  readonly read: Pick<PageRead, 'order' | 'backward' | 'limit' | 'max'>;
  /** The head was at one of these positions, from the first to the last. */
  readonly heads: readonly [number, number];
  readonly positions: readonly number[];
  readonly more: boolean;
  readonly counted: TotalCount;
}

/** A `totalCount`. */
export interface TotalCount {
  readonly count: number;
  readonly exceeded: boolean;
}

export interface PagerSizes {
  readonly pagers: number;
  readonly servers: number;
}

export function planPagers(seed: number, round: number, { pagers, servers }: PagerSizes): readonly PagerPlan[] {
  const drawn = fc.sample(fc.tuple(fc.oneof(anyFilter, bloomFiltered), anyEvent), { seed: seed + 7 * round + 3, numRuns: pagers });
  return drawn.map(([filter, event], index) => {
    const random = randomOf(seed, round, 'pager', index);
    // Of few servers and orders, so that most pages were read before.
    const reads = Array.from({ length: 8 }, () => ({
      order: random.pick(['NEWEST_FIRST', 'NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'] as const),
      backward: random.chance(0.3),
      limit: random.pick([1, 5, 50, 50, 500]),
      max: random.pick([1, 50, 50, 1_000_000]),
      selectsHead: random.chance(0.3),
      server: random.between(0, servers - 1),
      pauseMs: random.between(0, 80),
    }));
    return { name: `r${round}-p${index}`, filter: random.chance(0.3) ? filter : filterByOneEvent(random, event), reads };
  });
}

/** Filters that the content index or Bloom filters serve, with few matches, many, or none. */
export function filterByOneEvent(
  random: Random,
  { event, resource, payload }: { event: string; resource: { id: string }; payload?: any },
): object {
  const name = { event: { in: [event, 'burst'] } };
  return random.pick<object>([
    name,
    { ...name, payload: [{ path: 'a', exists: true }] },
    { ...name, resource: { id: { in: [resource.id] } } },
    { payload: [{ path: 'a', eq: payload?.a ?? 'a' }] },
    { resource: { id: { startsWith: [resource.id.slice(0, 2)] } } },
    { anyResource: [{ id: { like: [`${resource.id}*`] } }], event: { startsWith: ['a'] } },
    { text: 'burst' },
    { text: 'xxx' },
    { related: [{ role: ['actor'], labels: [{ key: 'k', exists: true }] }] },
  ]);
}

/** Reads the pages of a plan until the signal aborts. */
export async function readPlannedPages(
  { filter, reads }: PagerPlan,
  { fleet, stats }: { readonly fleet: Fleet; readonly stats: RunStats },
  signal: AbortSignal,
): Promise<readonly ReadPage[]> {
  const pages: ReadPage[] = [];
  for (let index = 0; !signal.aborted; index += 1) {
    const read = reads[index % reads.length]!;
    const { order, backward, limit, max, selectsHead, server, pauseMs } = read;
    const variables = { filter, order, max, selectsHead, ...(backward ? { last: limit } : { first: limit }) };
    const headNow = async (): Promise<number> => positionOf((await runQuery(fleet.url(server), '{ head }')).head);
    try {
      const before = selectsHead ? 0 : await headNow();
      const { events } = await runQuery(fleet.url(server), pageQuery, variables);
      const positions = events.nodes.map(({ cursor }: { cursor: string }) => positionOf(cursor));
      pages.push({
        read: { order, backward, limit, max },
        heads: selectsHead ? [positionOf(events.head), positionOf(events.head)] : [before, await headNow()],
        positions: backward ? positions.toReversed() : positions,
        more: backward ? events.pageInfo.hasPreviousPage : events.pageInfo.hasNextPage,
        counted: events.totalCount,
      });
      stats.add('pages');
    } catch (error) {
      if (error instanceof UnexpectedResponse) throw error;
      await sleep(100); // the server is down
    }
    await sleep(pauseMs);
  }
  return pages;
}

const pageQuery = `query ($filter: EventFilter, $order: EventOrder, $first: Int, $last: Int, $max: Int, $selectsHead: Boolean!) {
  events(filter: $filter, order: $order, first: $first, last: $last) {
    nodes { cursor } totalCount(max: $max) { count exceeded } head @include(if: $selectsHead) pageInfo { hasNextPage hasPreviousPage } } }`;

/** Counts the matches of a filter on each server: up to few, and all. */
export async function readTotalCounts(fleet: Fleet, filter: object): Promise<readonly (TotalCount & { readonly max: number })[]> {
  const counts: (TotalCount & { readonly max: number })[] = [];
  for (let server = 0; server < fleet.size; server += 1) {
    for (const max of [50, 1_000_000]) {
      const { events } = await runQuery(fleet.url(server), countQuery, { filter, max });
      counts.push({ max, ...events.totalCount });
    }
  }
  return counts;
}

const countQuery =
  'query ($filter: EventFilter, $max: Int) { events(filter: $filter, first: 0) { totalCount(max: $max) { count exceeded } } }';
