/** A mark of the time axis. */
export interface Tick {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

export interface TickRange {
  /** Milliseconds since 1970; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  /** Seconds that the clocks of the zone are ahead of UTC at a second since 1970. */
  readonly offsetAt: (second: number) => number;
  readonly maxTicks: number;
}

/**
 * Marks at round times on the clock and the calendar of a zone, in order, at most `maxTicks`.
 *
 * Guarantees that dates can be read: the first mark of a day, a year or the axis has its date.
 */
export function ticksOf(range: TickRange): readonly Tick[] {
  const { from, to, maxTicks } = range;
  const seconds = (to - from) / 1000;
  const clock = clockSteps.find((step) => seconds / step <= maxTicks - 1);
  if (clock !== undefined) return clockTicks(range, clock);
  const months = monthSteps.find((step) => seconds / (step * monthSeconds) <= maxTicks - 2) ?? lastStep;
  const days = dayStep(seconds, maxTicks);
  return days === null ? monthTicks(range, months) : dateTicks(range, days);
}

/** Days of the month at which there are marks, so that they stay the same from month to month. */
function dayStep(seconds: number, maxTicks: number): readonly number[] | null {
  return monthDays.find((days) => (seconds / monthSeconds) * days.length <= maxTicks - 1) ?? null;
}

function clockTicks(range: TickRange, step: number): readonly Tick[] {
  const ticks: Tick[] = [];
  let day = '';
  const first = range.from / 1000 + range.offsetAt(range.from / 1000);
  for (let local = Math.ceil(first / step) * step; ; local += step) {
    const at = instantOf(local, range.offsetAt);
    if (at * 1000 >= range.to) return ticks;
    // A time that the clocks skip has no mark.
    if (at * 1000 < range.from || at + range.offsetAt(at) !== local) continue;
    const text = new Date(local * 1000).toISOString();
    const time = text.slice(11, step < 60 ? 19 : 16);
    const isNewDay = text.slice(0, 10) !== day;
    day = text.slice(0, 10);
    const isMidnight = text.slice(11, 19) === '00:00:00';
    ticks.push({ at: at * 1000, text: isNewDay ? (isMidnight ? dateText(local) : `${dateText(local)} ${time}`) : time });
  }
}

function dateTicks(range: TickRange, days: readonly number[]): readonly Tick[] {
  return monthsOf(range, 1).flatMap(({ year, month }) =>
    days.flatMap((day) => {
      const date = Date.UTC(year, month, day);
      // Not every month has so many days.
      return new Date(date).getUTCDate() === day ? tickAt(range, date, (local) => dateText(local)) : [];
    }),
  );
}

function monthTicks(range: TickRange, step: number): readonly Tick[] {
  const ticks = monthsOf(range, step).flatMap(({ year, month }) =>
    tickAt(range, yearSafe(year, month), () => (month === 0 ? String(year) : (monthNames[month] ?? ''))),
  );
  const [first, ...others] = ticks;
  if (first === undefined) return ticks;
  const year = new Date(first.at + 86_400_000).getUTCFullYear();
  return [/^\d+$/.test(first.text) ? first : { ...first, text: `${first.text} ${year}` }, ...others];
}

function tickAt(range: TickRange, localMs: number, text: (local: number) => string): readonly Tick[] {
  const at = instantOf(localMs / 1000, range.offsetAt) * 1000;
  return at >= range.from && at < range.to ? [{ at, text: text(localMs / 1000) }] : [];
}

/** The months, or every `step` months counted from the year 0, that can begin within a range or contain its begin. */
function monthsOf({ from, to, offsetAt }: TickRange, step: number): readonly { readonly year: number; readonly month: number }[] {
  const begin = new Date(from + offsetAt(from / 1000) * 1000);
  const end = new Date(to + offsetAt(to / 1000) * 1000);
  const last = end.getUTCFullYear() * 12 + end.getUTCMonth();
  const months = [];
  const first = begin.getUTCFullYear() * 12 + begin.getUTCMonth();
  for (let month = Math.floor(first / step) * step; month <= last; month += step) {
    months.push({ year: Math.floor(month / 12), month: month % 12 });
  }
  return months;
}

/** Date.UTC reads years before 100 as those of the 20th century. */
function yearSafe(year: number, month: number): number {
  return new Date(0).setUTCFullYear(year, month, 1);
}

/** The instant at which the clocks show a local time, in seconds; after the skipped hour, if they skip it. */
function instantOf(local: number, offsetAt: (second: number) => number): number {
  const before = local - offsetAt(local - 86_400);
  return before + offsetAt(before) === local ? before : local - offsetAt(local + 86_400);
}

function dateText(local: number): string {
  const date = new Date(local * 1000);
  return `${date.getUTCDate()} ${monthNames[date.getUTCMonth()] ?? ''}`;
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const monthSeconds = 30.44 * 86_400;
const clockSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const monthDays = [
  [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29],
  [1, 6, 11, 16, 21, 26],
  [1, 11, 21],
  [1, 15],
];
const monthSteps = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000];
const lastStep = 24_000;
