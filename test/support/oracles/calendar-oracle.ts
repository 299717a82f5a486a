/**
 * The calendar of counts by its definition, slowly: reads clocks minute by minute, or second by
 * second. All times are in seconds.
 */
export interface OracleUnit {
  readonly unit: 'SECOND' | 'MINUTE' | 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'YEAR';
  readonly every: number;
  readonly timeZone: string;
}

/** The start of the interval of a second. */
export function oracleStart(second: number, unit: OracleUnit): number {
  const key = `${second} ${JSON.stringify(unit)}`;
  const known = knownStarts.get(key);
  if (known !== undefined) return known;
  const found = unit.unit in clockUnits ? clockStart(second, unit) : dateStart(second, unit);
  knownStarts.set(key, found);
  return found;
}

const knownStarts = new Map<string, number>();
const showings = new Map<string, number>();
const clockUnits: Readonly<Record<string, number>> = { SECOND: 1, MINUTE: 60, HOUR: 3600 };
const monday = Date.parse('2001-01-01T00:00:00Z') / 1000;

/** The last second at which the clock shows a multiple, or crosses one since the second before. */
function clockStart(second: number, { unit, every, timeZone }: OracleUnit): number {
  const step = every * clockUnits[unit]!;
  const multiple = (at: number): number => Math.floor((clock(at, timeZone) - monday) / step);
  const starts = (at: number): boolean => multiple(at) !== multiple(at - 1) || (clock(at, timeZone) - monday) % step === 0;
  const regularStart = second - (clock(second, timeZone) - monday - multiple(second) * step);
  if (isQuiet(regularStart - 1, second, timeZone)) return regularStart;
  if (starts(second)) return second;
  const by = stepSeconds(regularStart - 1, second, timeZone);
  let at = Math.floor(second / by) * by;
  while (!starts(at)) at -= by;
  return at;
}

/**
 * The first second at which the clock shows the date, or the next date, if that was shown already.
 */
function dateStart(second: number, { unit, every, timeZone }: OracleUnit): number {
  let [start, next] = [0, floorDate(clock(second, timeZone), unit, every)];
  do {
    start = firstShowing(next, timeZone);
    next = nextDate(next, unit, every);
  } while (firstShowing(next, timeZone) <= second);
  return start;
}

function floorDate(shown: number, unit: OracleUnit['unit'], every: number): number {
  if (unit === 'DAY' || unit === 'WEEK') {
    const days = every * (unit === 'WEEK' ? 7 : 1);
    return monday + Math.floor((shown - monday) / 86_400 / days) * days * 86_400;
  }
  const date = new Date(shown * 1000);
  if (unit === 'YEAR') return dateAt(Math.floor(date.getUTCFullYear() / every) * every, 0);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth();
  const first = Math.floor(months / every) * every;
  return dateAt(Math.floor(first / 12), ((first % 12) + 12) % 12);
}

function nextDate(date: number, unit: OracleUnit['unit'], every: number): number {
  if (unit === 'DAY' || unit === 'WEEK') return date + every * (unit === 'WEEK' ? 7 : 1) * 86_400;
  const from = new Date(date * 1000);
  if (unit === 'YEAR') return dateAt(from.getUTCFullYear() + every, 0);
  const month = from.getUTCMonth() + every;
  return dateAt(from.getUTCFullYear() + Math.floor(month / 12), month % 12);
}

function dateAt(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 1);
  return date.getTime() / 1000;
}

/** Cached, because many seconds need the same start of a day, and the search takes long. */
function firstShowing(shown: number, timeZone: string): number {
  const key = `${shown} ${timeZone}`;
  const known = showings.get(key) ?? findFirstShowing(shown, timeZone);
  showings.set(key, known);
  return known;
}

function findFirstShowing(shown: number, timeZone: string): number {
  const [from, to] = [shown - 57_600, shown + 57_600];
  if (isQuiet(from, to, timeZone)) return shown - offset(shown, timeZone);
  for (let at = from; ; at += stepSeconds(from, to, timeZone)) if (clock(at, timeZone) >= shown) return at;
}

/** Clocks differ from UTC by whole minutes, except in earlier times. */
function stepSeconds(from: number, to: number, timeZone: string): number {
  return offset(from, timeZone) % 60 === 0 && offset(to, timeZone) % 60 === 0 ? 60 : 1;
}

/** Whether the clock does not change, sampled every half an hour, at most 200 times. */
function isQuiet(from: number, to: number, timeZone: string): boolean {
  const known = offset(from, timeZone);
  const step = Math.max(1800, (to - from) / 200);
  for (let at = from; at < to; at += step) if (offset(Math.floor(at), timeZone) !== known) return false;
  return offset(to, timeZone) === known;
}

function offset(at: number, timeZone: string): number {
  return clock(at, timeZone) - at;
}

/** The time that the clock of a zone shows, as the second at which a clock in UTC shows it. */
function clock(at: number, timeZone: string): number {
  const [, month, day, year, era, hour, minute, second] = /^(\d+)\/(\d+)\/(\d+) (\w+), (\d+):(\d+):(\d+)$/.exec(
    formatOf(timeZone).format(at * 1000),
  )!;
  const date = new Date(0);
  date.setUTCFullYear(era === 'BC' ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  return date.getTime() / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(timeZone, format);
  return format;
}

const formats = new Map<string, Intl.DateTimeFormat>();
