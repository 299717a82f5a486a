/**
 * Instants of the API: `2026-11-23T14:41:10.863461Z`, always UTC with microseconds. Years 0000 to
 * 9999, so texts compare like their times.
 */

/** Whole seconds since 1970, and the microseconds within that second as six digits. */
export interface Moment {
  readonly second: number;
  readonly fraction: string;
}

/** Null for a text that is not an instant in UTC. */
export function readInstant(instant: string): Moment | null {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(instant);
  const milliseconds = Date.parse(`${parts?.[1] ?? ''}Z`);
  if (parts === null || Number.isNaN(milliseconds)) return null;
  return { second: milliseconds / 1000, fraction: (parts[2] ?? '').slice(0, 6).padEnd(6, '0') };
}

/** Null outside the years 0000 to 9999. */
export function writeInstant({ second, fraction }: Moment): string | null {
  if (!(second >= firstSecond && second <= lastSecond)) return null;
  return `${new Date(second * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** The instant at a number of milliseconds since 1970. */
export function instantAt(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  const moment = { second, fraction: String(Math.floor((milliseconds - second * 1000) * 1000)).padStart(6, '0') };
  return writeInstant(moment) ?? (second < 0 ? firstInstant : lastInstant);
}

const firstInstant = '0000-01-01T00:00:00.000000Z';
const lastInstant = '9999-12-31T23:59:59.999999Z';
const firstSecond = Date.parse(firstInstant) / 1000;
const lastSecond = Math.floor(Date.parse(lastInstant) / 1000);
