/**
 * How much each client may still ask for: a bucket each, full at first, that fills up again within a minute.
 *
 * Promises: over any stretch of time nobody takes more than one bucket and what flowed in meanwhile; a client that asks too
 * much learns when the same will be let in, and what it was refused costs nothing. Keeps at most `mostKept` clients' buckets;
 * of more it forgets those that are full again, and then those that were not used for longest.
 */
export class Rate {
  /** In the order of their last use. */
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly perMinute: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes `cost` from a client's bucket; null: it is taken. Otherwise after how many milliseconds it will be there. */
  take(client: string, cost: number): number | null {
    const level = this.levelOf(client);
    if (cost > level) return Math.ceil(((cost - level) / this.perMinute) * minuteMs);
    this.buckets.delete(client);
    this.buckets.set(client, { level: level - cost, at: this.now() });
    if (this.buckets.size > mostKept) this.forget();
    return null;
  }

  private levelOf(client: string): number {
    const bucket = this.buckets.get(client);
    return bucket === undefined ? this.perMinute : this.levelNow(bucket);
  }

  private levelNow({ level, at }: Bucket): number {
    return Math.min(this.perMinute, level + ((this.now() - at) / minuteMs) * this.perMinute);
  }

  private forget(): void {
    for (const [client, bucket] of this.buckets) if (this.levelNow(bucket) >= this.perMinute) this.buckets.delete(client);
    for (const client of this.buckets.keys()) {
      if (this.buckets.size <= mostKept / 2) return;
      this.buckets.delete(client);
    }
  }
}

interface Bucket {
  readonly level: number;
  readonly at: number;
}

const minuteMs = 60_000;
const mostKept = 10_000;
