import { instantAt } from '../text/time-instant.ts';
import type { Range } from '../view/view.ts';
import type { Bar } from './bars.ts';
import type { Domain } from './domain.ts';

/** The range of the bars that a selection touches: from any bar to any other, in any order. */
export function rangeOfBars(a: Bar, b: Bar): Range {
  const [first, last] = a.start <= b.start ? [a, b] : [b, a];
  return { since: first.start, until: last.end };
}

/** The range between two times, widened to whole bars where there are some. Times are milliseconds since 1970. */
export function rangeBetween(bars: readonly Bar[], a: number, b: number): Range {
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  const bar = (at: number): Bar | undefined => barAt(bars, at);
  return { since: bar(from)?.start ?? instantAt(from), until: bar(to)?.end ?? instantAt(to) };
}

/** The bar whose interval contains a time. */
export function barAt(bars: readonly Bar[], at: number): Bar | undefined {
  return bars.find(({ start, end }) => Date.parse(start) <= at && (end === null || at < Date.parse(end)));
}

/** Three times the range around it; it ends now at the latest, and then has no end. */
export function zoomedOut({ from, to }: Domain, now: number): Range {
  const length = to - from;
  const end = to + length;
  return { since: instantAt(from - length), until: end >= now ? null : instantAt(end) };
}
