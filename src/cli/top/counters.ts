/** Counts and rates by key, since the start. */
export interface TopCounts {
  add(key: string): void;
  /** The counts now, with the rates since the last call. */
  takeSnapshot(): Top;
  /** The counts now, with the rates since the start. */
  overall(): Top;
}

export interface Top {
  /** By descending count, then by key. */
  readonly rows: readonly TopRow[];
  readonly total: number;
  /** Events per second. */
  readonly rate: number;
  /** Since the start. */
  readonly seconds: number;
  /** Events of keys that were evicted to bound memory. */
  readonly others: number;
}

export interface TopRow {
  readonly key: string;
  readonly count: number;
  readonly rate: number;
}

export function startTopCounts(): TopCounts {
  const startedAt = performance.now();
  const counts = new Map<string, KeyCount>();
  let [total, fresh, others, lastTakenAt] = [0, 0, 0, startedAt];

  /** Evicts the rarer half of the keys. */
  const evictRareKeys = (): void => {
    const rarest = Array.from(counts).toSorted(([, a], [, b]) => a.count - b.count);
    for (const [key, { count }] of rarest.slice(0, maxKeys / 2)) {
      others += count;
      counts.delete(key);
    }
  };
  const topOver = (from: number, { all, of }: { readonly all: number; readonly of: (each: KeyCount) => number }): Top => {
    const now = performance.now();
    const interval = Math.max(now - from, 1) / 1000;
    const rows = Array.from(counts, ([key, each]) => ({ key, count: each.count, rate: of(each) / interval }));
    rows.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
    return { rows, total, rate: all / interval, seconds: (now - startedAt) / 1000, others };
  };
  return {
    add(key) {
      total += 1;
      fresh += 1;
      const known = counts.get(key);
      if (known === undefined) {
        if (counts.size >= maxKeys) evictRareKeys();
        counts.set(key, { count: 1, fresh: 1 });
      } else {
        known.count += 1;
        known.fresh += 1;
      }
    },
    takeSnapshot() {
      const top = topOver(lastTakenAt, { all: fresh, of: (each) => each.fresh });
      for (const each of counts.values()) each.fresh = 0;
      [fresh, lastTakenAt] = [0, performance.now()];
      return top;
    },
    overall: () => topOver(startedAt, { all: total, of: (each) => each.count }),
  };
}

interface KeyCount {
  count: number;
  /** Count since the last snapshot. */
  fresh: number;
}

/** About 20 MB of ids. */
const maxKeys = 100_000;
