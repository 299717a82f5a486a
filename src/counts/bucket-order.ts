import type { Key } from './bucket-keys.ts';
import type { Group } from './count-table.ts';
import { compareCodePoints } from '../event/text.ts';

export type CountOrder = 'KEY' | 'MOST_FIRST';

/**
 * The first `first` groups in an order. Skips most of a very large list with one comparison each.
 */
export function firstOf(groups: readonly Group[], first: number, compare: (a: Group, b: Group) => number): readonly Group[] {
  let found: Group[] = [];
  let last: Group | null = null;
  for (const group of groups) {
    if (last !== null && compare(group, last) > 0) continue;
    found.push(group);
    if (found.length < first * 2 + minSortSize) continue;
    found = found.toSorted(compare).slice(0, first);
    last = found.at(-1) ?? null;
  }
  return found.toSorted(compare).slice(0, first);
}

/** Orders by count, the largest first; ties by their keys. */
export function mostFirst(a: Group, b: Group): number {
  return b.count - a.count || byKeys(a, b);
}

export function byKeys(a: Group, b: Group): number {
  return compareKeys(a.keys, b.keys);
}

/** Orders times chronologically, text by code point, null last. */
export function compareKeys(a: readonly Key[], b: readonly Key[]): number {
  for (const [index, key] of a.entries()) {
    const order = compareKey(key, b[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

function compareKey(a: Key, b: Key): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  if (typeof a === 'number' || typeof b === 'number') return Number(a) < Number(b) ? -1 : 1;
  return compareCodePoints(a, b);
}

/** Sorting fewer groups at a time would cost more than it skips. */
const minSortSize = 1000;
