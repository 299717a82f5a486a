import { gapText } from '../text/durations.ts';

/** A range of time in microseconds since 1970, which a double holds exactly. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** The range that some instants span; at least `minMicros`. */
export function extentOf(instants: readonly number[]): Extent {
  let [from, to] = [Infinity, -Infinity];
  for (const each of instants) {
    from = Math.min(from, each);
    to = Math.max(to, each);
  }
  if (from > to) return { from: 0, to: minMicros };
  return { from, to: Math.max(to, from + minMicros) };
}

/** Where an instant is on the axis: 0 at its start, 1 at its end. */
export function positionOf(at: number, { from, to }: Extent): number {
  return (at - from) / (to - from);
}

/** The range scaled around one of its points, inside `all`. */
export function zoomed(
  { from, to }: Extent,
  { factor, at, all }: { readonly factor: number; readonly at: number; readonly all: Extent },
): Extent {
  const size = Math.min(Math.max((to - from) * factor, minMicros), all.to - all.from);
  const start = at - ((at - from) / (to - from)) * size;
  const first = Math.max(all.from, Math.min(start, all.to - size));
  return { from: first, to: first + size };
}

/** Marks on the axis at even distances from `origin`: at most `maxCount`. */
export function marksOf(
  { from, to }: Extent,
  origin: number,
  maxCount: number,
): readonly { readonly at: number; readonly label: string }[] {
  const step = steps.find((each) => (to - from) / each <= maxCount) ?? Math.ceil((to - from) / maxCount / dayMicros) * dayMicros;
  const first = Math.ceil((from - origin) / step);
  const count = Math.floor((to - origin) / step) - first + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, index) => {
    const offset = (first + index) * step;
    return { at: origin + offset, label: offset === 0 ? '0' : gapText(offset) };
  });
}

const dayMicros = 86_400_000_000;
/** Steps that are read easily: 1, 2, 5 µs up to seconds, then minutes, hours and days. */
const steps: readonly number[] = [
  ...[0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power)),
  ...[10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200].map((seconds) => seconds * 1_000_000),
  ...[1, 2, 5, 7, 14, 30, 90, 180, 365].map((days) => days * dayMicros),
];
const minMicros = 10;
