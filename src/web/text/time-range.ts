import { instantAt, readInstant } from './time-instant.ts';

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
