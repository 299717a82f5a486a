/**
 * How much each client may still ask for: a bucket each, full at first, that fills up again within a minute.
 *
 * Promises: over any stretch of time nobody takes more than one bucket and what flowed in meanwhile; a client that asks too
 * much learns when the same will be let in, and what it was refused costs nothing. Keeps at most `mostKept` clients' buckets:
 * of more it forgets the fuller half.
 */
export class TokenBucket {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly perMinute: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes `cost` from a client's bucket; null: it is taken. Otherwise after how many milliseconds it will be there. */
  take(client: string, cost: number): number | null {
    const level = this.levelOf(client);
    if (cost > level) return Math.ceil(((cost - level) / this.perMinute) * minuteMs);
    this.buckets.set(client, { level: level - cost, at: this.now() });
    if (this.buckets.size > maxBuckets) this.evict();
    return null;
  }

  private levelOf(client: string): number {
    const bucket = this.buckets.get(client);
    return bucket === undefined ? this.perMinute : this.levelNow(bucket);
  }

  private levelNow({ level, at }: Bucket): number {
    return Math.min(this.perMinute, level + ((this.now() - at) / minuteMs) * this.perMinute);
  }

  private evict(): void {
    const byLevel = [...this.buckets]
      .map(([client, bucket]) => ({ client, level: this.levelNow(bucket) }))
      .toSorted((a, b) => b.level - a.level);
    for (const [at, { client, level }] of byLevel.entries())
      if (at < maxBuckets / 2 || level >= this.perMinute) this.buckets.delete(client);
  }
}

interface Bucket {
  readonly level: number;
  readonly at: number;
}

const minuteMs = 60_000;
const maxBuckets = 10_000;
