import type { Counts } from '../../client/tidings-client.ts';

/** An interval and its events. */
export interface Bar {
  /** Instants; `end` is exclusive, and null after the year 9999. */
  readonly start: string;
  readonly end: string | null;
  readonly total: number;
  /** The number of events of each kind, then that of all other kinds. */
  readonly parts: readonly number[];
}

/** Bars in the order of time from counts by time and name, or by time alone. */
export function barsOf({ buckets }: Pick<Counts, 'buckets'>, kinds: readonly (string | null)[]): readonly Bar[] {
  const bars = new Map<string, { readonly start: string; readonly end: string | null; total: number; parts: number[] }>();
  const places = new Map(kinds.map((name, place) => [name, place]));
  for (const { keys, start, end, count } of buckets) {
    if (start === null) continue;
    let bar = bars.get(start);
    if (bar === undefined) {
      bar = { start, end, total: 0, parts: Array.from({ length: kinds.length + 1 }, () => 0) };
      bars.set(start, bar);
    }
    const place = keys.length < 2 ? kinds.length : (places.get(keys[1] ?? null) ?? kinds.length);
    bar.total += count;
    bar.parts[place] = (bar.parts[place] ?? 0) + count;
  }
  return Array.from(bars.values()).toSorted((a, b) => (a.start < b.start ? -1 : 1));
}

/** The bars after a change; those that are equal before and after are the same objects, so that they are not drawn again. */
export function reusedBars(before: readonly Bar[], after: readonly Bar[]): readonly Bar[] {
  const known = new Map(before.map((bar) => [bar.start, bar]));
  return after.map((bar) => {
    const same = known.get(bar.start);
    return same !== undefined && same.end === bar.end && isSameList(same.parts, bar.parts) ? same : bar;
  });
}

export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

/** How many events each name has, in counts by time and name; the most frequent first. */
export function totalsOf({ buckets }: Pick<Counts, 'buckets'>): readonly { readonly name: string; readonly count: number }[] {
  const totals = new Map<string, number>();
  for (const { keys, count } of buckets) {
    const name = keys[1];
    if (typeof name === 'string') totals.set(name, (totals.get(name) ?? 0) + count);
  }
  return Array.from(totals, ([name, count]) => ({ name, count }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

/**
 * The most frequent names, at most `maxKinds`; the place of a name is its colour, and null is a free
 * place.
 *
 * Guarantees: a name that stays among them keeps its place, and another one replaces it only with
 * more events.
 */
export function kindsOf(
  totals: readonly { readonly name: string; readonly count: number }[],
  before: readonly (string | null)[],
): readonly (string | null)[] {
  const known = new Set(before);
  const most = totals
    .toSorted((a, b) => b.count - a.count || Number(known.has(b.name)) - Number(known.has(a.name)))
    .slice(0, maxKinds)
    .map(({ name }) => name);
  const added = most.filter((name) => !known.has(name));
  return Array.from({ length: maxKinds }, (_, place) => {
    const name = before[place] ?? null;
    return name !== null && most.includes(name) ? name : (added.shift() ?? null);
  });
}

export const maxKinds = 5;
