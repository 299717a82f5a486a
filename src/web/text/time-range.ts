import { instantAt, readInstant } from './time-instant.ts';

/** The ends of a time range: instants or times before now, such as -1h. Null: open. */
export interface TimeRange {
  readonly since: string | null;
  readonly until: string | null;
}

const units: Readonly<Record<string, readonly [seconds: number, one: string, many: string]>> = {
  s: [1, 'second', 'seconds'],
  m: [60, 'minute', 'minutes'],
  h: [3600, 'hour', 'hours'],
  d: [86_400, 'day', 'days'],
  w: [604_800, 'week', 'weeks'],
};

/** Seconds of a time before now, such as -15m; null for any other text. */
export function secondsAgo(text: string): number | null {
  const [, count, unit] = relativeTime.exec(text) ?? [];
  const seconds = units[unit ?? '']?.[0];
  return seconds === undefined ? null : Number(count) * seconds;
}

/** One end of a range as an instant: an instant as it is, `-1h` before now. Null for any other text. */
export function resolveTime(text: string, now: number): string | null {
  const seconds = secondsAgo(text);
  if (seconds !== null) return instantAt(now - seconds * 1000);
  return readInstant(text) === null ? null : text;
}

/** A time before now in words: `15 minutes`, `1 hour`. */
export function relativeWords(text: string): string | null {
  const [, count, unit] = relativeTime.exec(text) ?? [];
  const words = units[unit ?? ''];
  return words === undefined ? null : `${Number(count)} ${Number(count) === 1 ? words[1] : words[2]}`;
}

const relativeTime = /^-(\d{1,7})([smhdw])$/;

/** The range of the same length before or after it. A range without a beginning has none: null. */
export function neighbourOf(range: TimeRange, step: -1 | 1, now: number): TimeRange | null {
  const span = spanOf(range, now);
  if (span === null || (step === 1 && span.until >= now)) return null;
  const length = span.until - span.since;
  return rangeOf(span.since + step * length, span.until + step * length, now);
}

/** In milliseconds. Rounds microseconds, which steps of a range do not need. */
function spanOf({ since, until }: TimeRange, now: number): { readonly since: number; readonly until: number } | null {
  const start = since === null ? null : resolveTime(since, now);
  const end = until === null ? instantAt(now) : resolveTime(until, now);
  if (start === null || end === null || end <= start) return null;
  return { since: Date.parse(start), until: Date.parse(end) };
}

/** A range up to now is a time before now, if that is a whole number of minutes, hours or days. */
function rangeOf(since: number, until: number, now: number): TimeRange {
  if (until < now - slackMs) return { since: instantAt(since), until: instantAt(until) };
  const seconds = Math.round((until - since) / 1000);
  const [unit, [size]] = Object.entries(units).findLast(([, [size]]) => seconds % size === 0) ?? ['s', [1]];
  return { since: `-${seconds / size}${unit}`, until: null };
}

/** A range that ends so shortly before now ends now. */
const slackMs = 1000;
