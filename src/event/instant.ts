/**
 * A point in time in UTC, in microseconds, as text of a fixed form: `2026-11-23T14:41:10.863461Z`.
 * The width is fixed, so comparing two instants as strings compares their times. Years 0000 to
 * 9999.
 */
export type Instant = string & { readonly [instantBrand]: true };
declare const instantBrand: unique symbol;

/**
 * Parses an RFC 3339 date-time. A time without an offset is UTC. Digits beyond the microsecond are
 * cut. A leap second is the first instant of the next minute. Null for any other text.
 */
export function parseInstant(text: string): Instant | null {
  const parts = rfc3339.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = parts;
  const fields = [year, month, day, hour, minute, second].map(Number) as [number, number, number, number, number, number];
  const [y, mo, d, h, mi, s] = fields;
  if (mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 23 || mi > 59 || s > 60) return null;
  const offset = (sign === '-' ? -1 : 1) * (Number(offsetHour ?? 0) * 60 + Number(offsetMinute ?? 0));
  if (Number(offsetHour ?? 0) > 23 || Number(offsetMinute ?? 0) > 59) return null;
  const micros = fraction.slice(0, 6).padEnd(6, '0');
  if (offset === 0 && s < 60) {
    return `${year}-${month}-${day}T${hour}:${minute}:${second}.${micros}Z` as Instant;
  }
  const seconds = utcMillis(y, mo, d) / 1000 + h * 3600 + (mi - offset) * 60 + s;
  return fromMicros(BigInt(seconds) * 1_000_000n + BigInt(micros));
}

/** Microseconds since 1970-01-01T00:00:00Z, negative before. */
export function toMicros(instant: Instant): bigint {
  const part = (from: number, to: number): number => Number(instant.slice(from, to));
  const [y, mo, d, h, mi, s] = [part(0, 4), part(5, 7), part(8, 10), part(11, 13), part(14, 16), part(17, 19)];
  return BigInt(utcMillis(y, mo, d) / 1000 + h * 3600 + mi * 60 + s) * 1_000_000n + BigInt(instant.slice(20, 26));
}

/**
 * The instant at these microseconds since 1970-01-01T00:00:00Z; null outside the years 0000 to
 * 9999.
 */
export function fromMicros(micros: bigint): Instant | null {
  const microsOfSecond = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((micros - microsOfSecond) / 1_000_000n);
  if (seconds < firstSecond || seconds > lastSecond) return null;
  const text = new Date(seconds * 1000).toISOString();
  return `${text.slice(0, 19)}.${String(microsOfSecond).padStart(6, '0')}Z` as Instant;
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))?$/;

/** Unlike setUTCFullYear, Date.UTC maps the years 0 to 99 to 1900 to 1999. */
function utcMillis(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const firstSecond = utcMillis(0, 1, 1) / 1000;
const lastSecond = utcMillis(9999, 12, 31) / 1000 + 86_399;

/**
 * Whole seconds since 1970-01-01T00:00:00Z, rounded down. The bounds of all intervals are whole
 * seconds.
 */
export function secondOf(instant: Instant): number {
  return Date.parse(`${instant.slice(0, 19)}Z`) / 1000;
}

/** The microseconds of an instant within its second. */
export function microsOf(instant: Instant): number {
  return Number(instant.slice(20, 26));
}

/** The instant at this second and microsecond. */
export function instantOf(second: number, micros: number): Instant {
  return `${new Date(second * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z` as Instant;
}
