import type { Instant } from '../../event/instant.ts';

/**
 * Parses Postgres' text of a timestamptz in UTC, such as `2015-01-01 00:00:00.5+00`. Its year 1 BC
 * is the year 0000.
 */
export function fromTimestamp(text: string): Instant {
  const year = text.endsWith(' BC') ? '0000' : text.slice(0, 4);
  const end = text.indexOf('+');
  return `${year}${text.slice(4, 10)}T${text.slice(11, 19)}.${text.slice(20, end).padEnd(6, '0')}Z` as Instant;
}

/** Formats an instant as input for Postgres. */
export function toTimestamp(instant: Instant): string {
  return instant.startsWith('0000') ? `0001${instant.slice(4)} BC` : instant;
}

/** Parses the result of `toTimestamp`. */
export function fromInputTimestamp(timestamp: string): Instant {
  return (timestamp.endsWith(' BC') ? `0000${timestamp.slice(4, -3)}` : timestamp) as Instant;
}
