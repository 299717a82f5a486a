import type { Calendar } from '../../../counts/calendar.ts';
import { TidingsError } from '../../../errors.ts';
import { fromMicros, toMicros, type Instant } from '../../../event/instant.ts';

/** Prefect's intervals: of one length, aligned to `monday`. Microseconds since 1970. */
export interface Intervals {
  readonly length: bigint;
  /** The start of the interval that contains a time. */
  readonly startOf: (micros: bigint) => bigint;
}

export const timeUnits = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 } as const;
export type TimeUnit = keyof typeof timeUnits;

export function intervalsOf(unit: TimeUnit, interval: number): Intervals {
  const length = BigInt(Math.max(1, Math.round(timeUnits[unit] * interval * 1_000_000)));
  const startOf = (micros: bigint): bigint => {
    const since = micros - monday;
    const within = ((since % length) + length) % length;
    return micros - within;
  };
  return { length, startOf };
}

/** The intervals as a calendar in seconds; null if they start within a second. */
export function calendarOf({ length, startOf }: Intervals): Calendar | null {
  if (length % second !== 0n) return null;
  return {
    intervalAt(at) {
      const start = Number(startOf(BigInt(at) * second) / second);
      return { start, end: start + Number(length / second) };
    },
  };
}

/** The starts of the intervals from `since` to `until`. Throws LIMIT_EXCEEDED for too many. */
export function startsBetween({ length, startOf }: Intervals, since: bigint, until: bigint): readonly bigint[] {
  if (until < since) return [];
  const count = (until - since + length - 1n) / length;
  if (count > maxIntervals) {
    const message = `time_interval: expected at most ${maxIntervals} intervals between the bounds, got ${count}; use a longer interval or closer bounds`;
    throw new TidingsError('LIMIT_EXCEEDED', message, { path: ['time_interval'] });
  }
  const starts: bigint[] = [];
  for (let start = startOf(since); start <= until; start += length) starts.push(start);
  return starts;
}

/** The first and the last instant of an interval, limited to the range of instants. */
export function edgesOf(start: bigint, { length }: Intervals): readonly [Instant, Instant] {
  return [instantAt(start), instantAt(start + length - 1n)];
}

function instantAt(micros: bigint): Instant {
  return fromMicros(micros) ?? (micros < 0n ? firstInstant : lastInstant);
}

const firstInstant = '0000-01-01T00:00:00.000000Z' as Instant;
const lastInstant = '9999-12-31T23:59:59.999999Z' as Instant;
const second = 1_000_000n;
const monday = toMicros('2024-04-01T00:00:00.000000Z' as Instant);
const maxIntervals = 1000n;
