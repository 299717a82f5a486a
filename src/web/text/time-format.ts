import { readInstant, writeInstant } from './time-instant.ts';
import { offsetAt, offsetText } from './time-zone.ts';

/** An instant as the clocks of a zone show it. */
export interface LocalTime {
  /** 2026-11-23 */
  readonly date: string;
  /** 14:41:10 */
  readonly time: string;
  /** Microseconds: 863461 */
  readonly fraction: string;
  /** +01:00 */
  readonly offset: string;
}

/** For a text that is not an instant, the text is the time. */
export function formatInstant(instant: string, zone: string): LocalTime {
  const moment = readInstant(instant);
  if (moment === null) return { date: '', time: instant, fraction: '', offset: '' };
  const offset = offsetAt(zone, moment.second);
  // The local time as if it were UTC. Its year can be −1 or 10000, for which ISO has a sign and six digits.
  const text = new Date((moment.second + offset) * 1000).toISOString();
  const at = text.indexOf('T');
  return { date: text.slice(0, at), time: text.slice(at + 1, at + 9), fraction: moment.fraction, offset: offsetText(offset) };
}

/** Date, time to the microsecond and offset: `2026-11-23 14:41:10.863461 +01:00`. */
export function fullTime(instant: string, zone: string): string {
  const { date, time, fraction, offset } = formatInstant(instant, zone);
  return fraction === '' ? time : `${date} ${time}.${fraction} ${offset}`;
}

/** How far an instant is from now, in milliseconds since 1970: `3 min ago`, `in 2 h`, `just now`. */
export function relativeTo(instant: string, now: number): string {
  const moment = readInstant(instant);
  if (moment === null) return '';
  const seconds = now / 1000 - moment.second - Number(`0.${moment.fraction}`);
  const text = durationText(Math.abs(seconds));
  if (text === '0 s') return 'just now';
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** A duration in its largest unit, rounded down: `41 s`, `3 min`, `2 h`, `5 days`, `4 years`. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  const days = Math.floor(seconds / 86_400);
  const [count, unit] = days < 365 ? [days, 'day'] : [Math.floor(days / 365.25) || 1, 'year'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/**
 * Reads a time as a person enters it, by the clocks of a zone: `2026-11-23`, `2026-11-23 14:41`, up
 * to microseconds. With Z or an offset, the zone has no effect. Null for any other text.
 *
 * Of a time that clocks show twice, the first is meant. A time that clocks skip is read with the
 * offset before the change: an hour later on the clock.
 */
export function parseLocal(text: string, zone: string): string | null {
  const parts = localTime.exec(text.trim());
  if (parts === null) return null;
  const [, date = '', hour = '00', minute = '00', second = '00', fraction = '', given] = parts;
  const milliseconds = Date.parse(`${date}T${hour}:${minute}:${second}Z`);
  // Date.parse accepts 30 February, and 24:00.
  if (Number.isNaN(milliseconds) || hour === '24' || !new Date(milliseconds).toISOString().startsWith(date)) return null;
  const local = milliseconds / 1000;
  const offset = given === undefined ? offsetOfLocal(local, zone) : givenOffset(given);
  return offset === null ? null : writeInstant({ second: local - offset, fraction: fraction.slice(0, 6).padEnd(6, '0') });
}

const localTime = /^(\d{4}-\d\d-\d\d)(?:[T ]+(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;

function offsetOfLocal(local: number, zone: string): number {
  const before = offsetAt(zone, local - 86_400);
  const after = offsetAt(zone, local + 86_400);
  const fits = [before, after].find((offset) => offsetAt(zone, local - offset) === offset);
  return fits ?? before;
}

function givenOffset(text: string): number | null {
  const parts = /([+-])(\d\d):?(\d\d)/.exec(text);
  if (parts === null) return 0;
  const [hours, minutes] = [Number(parts[2]), Number(parts[3])];
  return hours > 23 || minutes > 59 ? null : (parts[1] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}
