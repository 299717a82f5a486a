import type { EventOrder } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import { inOrder } from '../../support/oracles/plain-order.ts';
import type { ReadPage, TotalCount } from './pager.ts';

/** The matches of a filter that are still stored, in log order; events up to `logStart` were removed. */
export interface PageTruth {
  readonly matches: readonly Pick<StoredEvent, 'position' | 'occurred'>[];
  readonly logStart: number;
}

/**
 * Returns the problems of pages. A page has the first matches up to its head. Removed events that it had are not
 * known any more: without them, it must still have the first matches, and all if there are no more. Its count is that of
 * the matches, and perhaps of removed ones.
 */
export function judgePages(pages: readonly ReadPage[], { matches, logStart }: PageTruth): readonly string[] {
  const positionsIn = (order: EventOrder): readonly number[] => inOrder(matches, order).map(({ position }) => position);
  const sorted = { NEWEST_FIRST: positionsIn('NEWEST_FIRST'), OLDEST_FIRST: positionsIn('OLDEST_FIRST'), LOG: positionsIn('LOG') };
  return pages.flatMap((page) => {
    const { order, backward } = page.read;
    const wanted = backward ? sorted[order].toReversed() : sorted[order];
    const [first, last] = page.heads;
    const heads = [last, first, ...wanted.filter((position) => position > first && position < last)];
    const problems = heads.map((head) => problemAt(page, { due: wanted.filter((position) => position <= head), logStart }));
    return problems.includes(null) ? [] : [`a page of ${JSON.stringify(page.read)} at a head from ${first} to ${last}: ${problems[0]}`];
  });
}

/** The problem of a page at a head up to which these matches are `due`; null: none. */
function problemAt(
  { read: { limit, max }, positions, more, counted }: ReadPage,
  { due, logStart }: { readonly due: readonly number[]; readonly logStart: number },
): string | null {
  const kept = positions.filter((position) => position > logStart);
  const difference = different(kept, due.slice(0, kept.length));
  if (difference !== null) return difference;
  if (positions.length > limit) return `more than ${limit} events`;
  if (more && positions.length < limit) return `${positions.length} events only, but more`;
  if (!more && kept.length < due.length) return `no more than ${kept.length} events, but ${due.length} match`;
  if (more && logStart === 0 && due.length <= limit) return `more than ${due.length} events, which are all`;
  return countProblem(counted, { due: due.length, max, isLeast: logStart > 0 });
}

/** The problem of a count of `due` matches, or of at least so many; null: none. */
export function countProblem(
  { count, exceeded }: TotalCount,
  { due, max, isLeast }: { readonly due: number; readonly max: number; readonly isLeast: boolean },
): string | null {
  const expected = { count: Math.min(due, max), exceeded: due > max };
  const isRight = isLeast
    ? count >= expected.count && count <= max && (exceeded || !expected.exceeded)
    : count === expected.count && exceeded === expected.exceeded;
  return isRight ? null : `counted ${count}${exceeded ? ' or more' : ''}, but ${due} match, of which up to ${max} are counted`;
}

function different(got: readonly number[], expected: readonly number[]): string | null {
  const index = got.findIndex((position, at) => position !== expected[at]);
  if (index === -1) return null;
  const around = (list: readonly number[]): string => list.slice(Math.max(index - 2, 0), index + 3).join(' ');
  return `differs at ${index}: got … ${around(got)} …, expected … ${around(expected)} …`;
}
