/** Counts by key of what came since the start, and how fast it comes. */
export interface TopCounts {
  add(key: string): void;
  /** What there is now; rates are those since the last call. */
  take(): Top;
}

export interface Top {
  /** The most frequent first; equal ones by key. */
  readonly rows: readonly TopRow[];
  readonly total: number;
  /** Events per second. */
  readonly rate: number;
  /** Since the start. */
  readonly seconds: number;
  /** Events of keys that were let go, so that memory stays bounded. */
  readonly others: number;
}

export interface TopRow {
  readonly key: string;
  readonly count: number;
  readonly rate: number;
}

export function startTopCounts(): TopCounts {
  const begun = performance.now();
  const counts = new Map<string, { count: number; fresh: number }>();
  let [total, fresh, others, taken] = [0, 0, 0, begun];

  /** Lets the rarer half go. */
  const makeRoom = (): void => {
    const rarest = Array.from(counts).toSorted(([, a], [, b]) => a.count - b.count);
    for (const [key, { count }] of rarest.slice(0, mostKeys / 2)) {
      others += count;
      counts.delete(key);
    }
  };
  return {
    add(key) {
      total += 1;
      fresh += 1;
      const known = counts.get(key);
      if (known === undefined) {
        if (counts.size >= mostKeys) makeRoom();
        counts.set(key, { count: 1, fresh: 1 });
      } else {
        known.count += 1;
        known.fresh += 1;
      }
    },
    take() {
      const now = performance.now();
      const interval = Math.max(now - taken, 1) / 1000;
      const rows = Array.from(counts, ([key, each]) => ({ key, count: each.count, rate: each.fresh / interval }));
      const top = { total, rate: fresh / interval, seconds: (now - begun) / 1000, others };
      for (const each of counts.values()) each.fresh = 0;
      [fresh, taken] = [0, now];
      return { ...top, rows: rows.toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1)) };
    },
  };
}

/** Some 20 MB of ids. */
const mostKeys = 100_000;
