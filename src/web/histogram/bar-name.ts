import { printable } from '../text/printable.ts';
import { formatInstant } from '../text/time-format.ts';
import type { Bar } from './bars.ts';

/** The interval of a bar on the clocks of a zone: `2026-11-23 14:40 to 14:50`. */
export function intervalText({ start, end }: Pick<Bar, 'start' | 'end'>, zone: string): string {
  const [from, to] = [formatInstant(start, zone), end === null ? null : formatInstant(end, zone)];
  const isDate = [from, to].every((each) => each === null || each.time === '00:00:00');
  if (to === null) return `from ${from.date}`;
  if (isDate) return isNextDay(from.date, to.date) ? from.date : `${from.date} to before ${to.date}`;
  const short = [from, to].every(({ time }) => time.endsWith(':00')) ? 5 : 8;
  const begin = `${from.date} ${from.time.slice(0, short)}`;
  return `${begin} to ${from.date === to.date ? '' : `${to.date} `}${to.time.slice(0, short)}`;
}

/** A bar in words: its interval, the number of events, and those of each kind. */
export function barName(bar: Bar, { zone, kinds }: { readonly zone: string; readonly kinds: readonly (string | null)[] }): string {
  const parts = partsOf(bar, kinds).map(({ name, count }) => `${name} ${formatCount(count)}`);
  return `${intervalText(bar, zone)}: ${eventsText(bar.total)}${parts.length > 0 ? `, ${parts.join(', ')}` : ''}`;
}

export interface Part {
  /** 1 to 5, or 6: all other names. */
  readonly kind: number;
  readonly name: string;
  readonly count: number;
}

/** The kinds of events of a bar, the most frequent first; other names last. None without kinds. */
export function partsOf({ parts }: Bar, kinds: readonly (string | null)[]): readonly Part[] {
  if (kinds.every((name) => name === null)) return [];
  const named = parts.map((count, place): Part => {
    const isOther = place === kinds.length;
    return { kind: isOther ? 6 : place + 1, name: isOther ? 'other' : printable(kinds[place] ?? ''), count };
  });
  return named.filter(({ count }) => count > 0).toSorted((a, b) => Number(a.kind === 6) - Number(b.kind === 6) || b.count - a.count);
}

/** `1 event`, `12,345 events` */
export function eventsText(count: number): string {
  return `${formatCount(count)} event${count === 1 ? '' : 's'}`;
}

export function formatCount(count: number): string {
  return numbers.format(count);
}

// toLocaleString makes a formatter each time.
const numbers = new Intl.NumberFormat('en-US');

function isNextDay(date: string, next: string): boolean {
  return Date.parse(next) - Date.parse(date) === 86_400_000;
}
