/** A value with the number of its events. */
export interface ValueRow {
  /** The text of the value; of a prefix without the dot behind it. */
  readonly value: string;
  /** All values that begin with `value` and a dot. */
  readonly isPrefix: boolean;
  readonly count: number;
}

export interface KeyCount {
  readonly key: string | null;
  readonly count: number;
}

/**
 * The rows of one level of a tree of dotted names: those with the same first segments.
 *
 * `groups` are counts by the first segments, `whole` those of names that equal such a key. A name
 * that is also the beginning of longer ones is two rows.
 */
export function rowsOfLevel(groups: readonly KeyCount[], whole: readonly KeyCount[]): readonly ValueRow[] {
  const wholeCounts = new Map(whole.map(({ key, count }) => [key, count]));
  const rows = groups.flatMap(({ key, count }): readonly ValueRow[] => {
    if (key === null) return [];
    const own = Math.min(wholeCounts.get(key) ?? 0, count);
    return [
      { value: key, isPrefix: true, count: count - own },
      { value: key, isPrefix: false, count: own },
    ];
  });
  return rows.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count || compare(a.value, b.value));
}

/** Plain values: those without a key are left out. */
export function rowsOfValues(counts: readonly KeyCount[]): readonly ValueRow[] {
  return counts.flatMap(({ key, count }) => (key === null || count === 0 ? [] : { value: key, isPrefix: false, count }));
}

/**
 * New counts in the order of the rows that are shown, so that nothing moves under the pointer. A
 * shown row that is no longer among the most frequent stays with its last count; new rows are last.
 */
export function inShownOrder(shown: readonly ValueRow[], fresh: readonly ValueRow[]): readonly ValueRow[] {
  const byId = new Map(fresh.map((row) => [idOf(row), row]));
  const known = new Set(shown.map(idOf));
  return [...shown.map((row) => byId.get(idOf(row)) ?? row), ...fresh.filter((row) => !known.has(idOf(row)))];
}

export function idOf({ value, isPrefix }: Pick<ValueRow, 'value' | 'isPrefix'>): string {
  return isPrefix ? `${value}.*` : `=${value}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
