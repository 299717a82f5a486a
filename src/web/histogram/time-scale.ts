export type TimeUnit = 'SECOND' | 'MINUTE' | 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'YEAR';

/** The width of the bars: calendar intervals of `every` units. */
export interface TimeScale {
  readonly unit: TimeUnit;
  readonly every: number;
  /** The length of such an interval, on average. */
  readonly stepMs: number;
}

export const maxBars = 120;

/** The narrowest intervals of which at most `maxBars` overlap a range of this length, wherever it begins. */
export function scaleFor(rangeMs: number): TimeScale {
  return scales.find(({ stepMs }) => barsIn(rangeMs, stepMs) <= maxBars) ?? widest;
}

/** The largest number of intervals that overlap a range: those at its ends are cut, and clock changes divide some. */
export function barsIn(rangeMs: number, stepMs: number): number {
  return Math.ceil(rangeMs / stepMs) + 3;
}

/** `10 minutes`, `1 day` */
export function scaleWords({ unit, every }: TimeScale): string {
  return `${every} ${unit.toLowerCase()}${every === 1 ? '' : 's'}`;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365.2425 * day;

const scales: readonly TimeScale[] = [
  ...[1, 2, 5, 10, 15, 30].map((every) => ({ unit: 'SECOND', every, stepMs: every * second }) as const),
  ...[1, 2, 5, 10, 15, 30].map((every) => ({ unit: 'MINUTE', every, stepMs: every * minute }) as const),
  ...[1, 2, 3, 6, 12].map((every) => ({ unit: 'HOUR', every, stepMs: every * hour }) as const),
  { unit: 'DAY', every: 1, stepMs: day },
  { unit: 'WEEK', every: 1, stepMs: 7 * day },
  ...[1, 3].map((every) => ({ unit: 'MONTH', every, stepMs: (every * year) / 12 }) as const),
  ...[1, 2, 5, 10, 20, 50].map((every) => ({ unit: 'YEAR', every, stepMs: every * year }) as const),
];
const widest: TimeScale = { unit: 'YEAR', every: 100, stepMs: 100 * year };
