import type { TimeZone } from './time-zone.ts';

export const timeUnits = ['SECOND', 'MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH', 'YEAR'] as const;
export type TimeUnit = (typeof timeUnits)[number];

/**
 * From `start`, inclusive, to `end`, exclusive, in UTC seconds since 1970; infinite outside the
 * years 0000 to 9999.
 */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/**
 * Divides time into intervals, such as the days of a time zone.
 *
 * Assumes: the clock changes of the zone are days apart.
 * Guarantees: every instant is in exactly one interval, that of `intervalAt`, and each ends where
 * the next one starts.
 */
export interface Calendar {
  intervalAt(second: number): Interval;
}

/**
 * The calendar of `every` units in a zone. Multiples count on the zone's clock: years and months
 * from the year 0, so that 3 months are quarters and 10 years are decades; all others from Monday,
 * 2001-01-01, 00:00.
 */
export function calendar(unit: TimeUnit, every: number, zone: TimeZone): Calendar {
  switch (unit) {
    case 'SECOND':
      return new ClockCalendar(every, zone);
    case 'MINUTE':
      return new ClockCalendar(every * 60, zone);
    case 'HOUR':
      return new ClockCalendar(every * 3600, zone);
    case 'DAY':
      return new DateCalendar(fixedDates(every * daySeconds), zone);
    case 'WEEK':
      return new DateCalendar(fixedDates(every * 7 * daySeconds), zone);
    case 'MONTH':
      return new DateCalendar(monthDates(every), zone);
    case 'YEAR':
      return new DateCalendar(monthDates(every * 12), zone);
    default:
      return unit satisfies never;
  }
}

/**
 * Intervals shorter than days follow the clock. One starts whenever the clock shows a multiple or
 * is set across one. So an hour that occurs twice is two intervals.
 */
class ClockCalendar implements Calendar {
  constructor(
    private readonly step: number,
    private readonly zone: TimeZone,
  ) {}

  intervalAt(second: number): Interval {
    return { start: bounded(this.startAt(second)), end: bounded(this.nextAfter(second)) };
  }

  private startAt(second: number): number {
    const offset = this.zone.offsetAt(second);
    const start = this.floor(second + offset) - offset;
    if (start < minSecond || this.zone.offsetAt(start) === offset) return start;
    const change = changeBetween(this.zone, start, second);
    return this.isBoundary(change) ? change : this.startAt(change - 1);
  }

  private nextAfter(second: number): number {
    const offset = this.zone.offsetAt(second);
    const next = this.floor(second + offset) + this.step - offset;
    if (next > maxSecond || this.zone.offsetAt(next) === offset) return next;
    const change = changeBetween(this.zone, second, next);
    return this.isBoundary(change) ? change : this.nextAfter(change);
  }

  private isBoundary(change: number): boolean {
    const clockSecond = change + this.zone.offsetAt(change);
    const floor = this.floor(clockSecond);
    return floor === clockSecond || floor !== this.floor(change - 1 + this.zone.offsetAt(change - 1));
  }

  private floor(clockSecond: number): number {
    return floorTo(this.step, clockSecond);
  }
}

/**
 * A date starts when the clock first reaches it: a clock that is set back across midnight does not
 * end a day.
 */
class DateCalendar implements Calendar {
  constructor(
    private readonly dates: Dates,
    private readonly zone: TimeZone,
  ) {}

  intervalAt(second: number): Interval {
    let date = this.dates.floor(second + this.zone.offsetAt(second));
    for (let start = this.startOf(date); ;) {
      const next = this.dates.next(date);
      const end = this.startOf(next);
      if (second < end) return { start, end };
      [date, start] = [next, end];
    }
  }

  /**
   * When the clock first shows this second or a later one. In a zone that skips a day, two dates
   * start together.
   */
  private startOf(clockSecond: number): number {
    if (clockSecond < minSecond || clockSecond > maxSecond) return bounded(clockSecond);
    const [from, to] = [clockSecond - maxOffsetSeconds, clockSecond + maxOffsetSeconds];
    const [before, after] = [this.zone.offsetAt(from), this.zone.offsetAt(to)];
    if (before === after) return clockSecond - before;
    const change = changeBetween(this.zone, from, to);
    return clockSecond - before < change ? clockSecond - before : Math.max(change, clockSecond - after);
  }
}

/** Dates, each as the second since 1970 at which a UTC clock would first show it. */
interface Dates {
  floor(clockSecond: number): number;
  next(date: number): number;
}

function fixedDates(step: number): Dates {
  return { floor: (clockSecond) => floorTo(step, clockSecond), next: (date) => date + step };
}

function monthDates(months: number): Dates {
  const floor = (clockSecond: number): number => {
    const date = new Date(clockSecond * 1000);
    return Math.floor((date.getUTCFullYear() * 12 + date.getUTCMonth()) / months) * months;
  };
  // A date outside the range of Date is outside the years 0000 to 9999.
  return {
    floor: (clockSecond) => firstOfMonth(floor(clockSecond)) ?? -Infinity,
    next: (date) => firstOfMonth(floor(Math.max(date, minSecond)) + months) ?? Infinity,
  };
}

/** `month` counts from January of the year 0. */
function firstOfMonth(month: number): number | null {
  const ms = new Date(0).setUTCFullYear(0, month, 1);
  return Number.isNaN(ms) ? null : ms / 1000;
}

/**
 * The first second after `from` with the offset of `to`, if the clock changes once between them.
 */
function changeBetween(zone: TimeZone, from: number, to: number): number {
  const after = zone.offsetAt(to);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zone.offsetAt(middle) === after) high = middle;
    else low = middle;
  }
  return high;
}

function floorTo(step: number, clockSecond: number): number {
  return origin + Math.floor((clockSecond - origin) / step) * step;
}

function bounded(second: number): number {
  if (second < minSecond) return -Infinity;
  return second > maxSecond ? Infinity : second;
}

const daySeconds = 86_400;
const maxOffsetSeconds = 16 * 3600;
const origin = Date.UTC(2001, 0, 1) / 1000;
/** The years 0000 to 9999, which contain all instants, and a day on either side. */
const minSecond = Date.parse('0000-01-01T00:00:00Z') / 1000 - daySeconds;
const maxSecond = Date.parse('9999-12-31T23:59:59Z') / 1000 + daySeconds;
