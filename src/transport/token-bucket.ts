/**
 * One token bucket per client, full at first, that refills within a minute.
 *
 * Guarantees: in any period a client takes at most one full bucket plus the refill of that period.
 * A rejected request costs nothing, and returns when the same cost will be available.
 * Does not guarantee: a bucket for every client. Beyond `maxBuckets`, the fuller half is dropped; a
 * dropped bucket counts as full. The emptier half stays, so that clients that exceed their limit
 * cannot reset it by adding other clients.
 */
export class TokenBucket {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly perMinute: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Takes `cost` from a client's bucket and returns null, or returns after how many milliseconds it
   * will be available.
   */
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
