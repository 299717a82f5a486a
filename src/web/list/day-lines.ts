import type { FeedRow } from '../../client/live-feed.ts';
import { formatInstant, type LocalTime } from '../text/time-format.ts';

let times = new WeakMap<object, LocalTime>();
let timesZone = '';

/** The local time of a row; kept, since rows are rendered often. */
export function localTime(row: FeedRow<unknown>, zone: string): LocalTime {
  if (zone !== timesZone) [times, timesZone] = [new WeakMap(), zone];
  let time = times.get(row);
  if (time === undefined) {
    time = formatInstant(row.occurred, zone);
    times.set(row, time);
  }
  return time;
}

/** The date of a row, if the row above it has another one: `23 Nov`, with the year if it is not this one. */
export function dayOf(row: FeedRow<unknown>, above: FeedRow<unknown> | undefined, zone: string): string | null {
  const { date } = localTime(row, zone);
  if (above !== undefined && localTime(above, zone).date === date) return null;
  return shortDate(date);
}

/** `23 Nov` for 2026-11-23; of another year, `23 Nov 2025`. */
export function shortDate(date: string, year = new Date().getFullYear()): string {
  const [, given, month, day] = /^([+-]?\d+)-(\d\d)-(\d\d)$/.exec(date) ?? [];
  if (given === undefined) return date;
  const text = `${Number(day)} ${months[Number(month) - 1] ?? ''}`;
  return Number(given) === year ? text : `${text} ${given}`;
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
