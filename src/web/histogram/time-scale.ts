export type TimeUnit = 'SECOND' | 'MINUTE' | 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'YEAR';

/** The width of the bars: calendar intervals of `every` units. */
export interface TimeScale {
  readonly unit: TimeUnit;
  readonly every: number;
  /** The length of the shortest such interval, for example that of February. */
  readonly minMs: number;
}

export const maxBars = 120;

/** The narrowest intervals of which at most `maxBars` overlap a range of this length, wherever it begins. */
export function scaleFor(rangeMs: number): TimeScale {
  return scales.find(({ minMs }) => barsIn(rangeMs, minMs) <= maxBars) ?? widest;
}

/** The largest number of intervals that overlap a range. */
export function barsIn(rangeMs: number, minMs: number): number {
  return Math.ceil(rangeMs / minMs) + 1;
}

/** `10 minutes`, `1 day` */
export function scaleWords({ unit, every }: TimeScale): string {
  return `${every} ${unit.toLowerCase()}${every === 1 ? '' : 's'}`;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Clock changes shorten days and weeks by an hour. */
const scales: readonly TimeScale[] = [
  ...[1, 2, 5, 10, 15, 30].map((every) => ({ unit: 'SECOND', every, minMs: every * second }) as const),
  ...[1, 2, 5, 10, 15, 30].map((every) => ({ unit: 'MINUTE', every, minMs: every * minute }) as const),
  ...[1, 2, 3, 6, 12].map((every) => ({ unit: 'HOUR', every, minMs: every * hour - (every === 1 ? 0 : hour) }) as const),
  { unit: 'DAY', every: 1, minMs: 23 * hour },
  { unit: 'WEEK', every: 1, minMs: 7 * day - hour },
  { unit: 'MONTH', every: 1, minMs: 28 * day - hour },
  { unit: 'MONTH', every: 3, minMs: 90 * day - hour },
  ...[1, 2, 5, 10, 20, 50, 100].map((every) => ({ unit: 'YEAR', every, minMs: every * 365 * day - hour }) as const),
];
const widest: TimeScale = { unit: 'YEAR', every: 100, minMs: 36_500 * day };
