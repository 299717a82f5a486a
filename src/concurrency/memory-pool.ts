/**
 * Memory that concurrent work shares: a semaphore that counts bytes.
 *
 * Assumes: a lease that waits for the end of other work, such as a client's network, is `parked`.
 * Guarantees: leases together hold at most `capacity` bytes, and one of them what it reserves beyond. A reservation waits
 * while the pool is full, for at most `maxWaitMs`. The oldest lease that is not parked never waits for others that are not
 * parked, so leases that grow while they hold bytes cannot block each other.
 * Does not guarantee: that bytes which parked leases hold come back soon.
 */
export class MemoryPool {
  private used = 0;
  private parked = 0;
  /** Leases that can grow, the oldest first. */
  private readonly growing = new Set<MemoryLease>();
  private readonly waiting: Waiting[] = [];

  constructor(
    readonly capacity: number,
    private readonly maxWaitMs: number,
  ) {}

  lease(): MemoryLease {
    return new MemoryLease({
      reserve: (lease, bytes) => this.reserve(lease, bytes),
      changed: (lease, change) => this.change(lease, change),
    });
  }

  private async reserve(lease: MemoryLease, bytes: number): Promise<boolean> {
    this.growing.add(lease);
    if (this.hasRoom(lease, bytes)) return this.grant(bytes);
    return new Promise((resolve) => {
      const each = { lease, bytes, resolve, timer: setTimeout(() => this.settle(each, false), this.maxWaitMs) };
      this.waiting.push(each);
    });
  }

  private hasRoom(lease: MemoryLease, bytes: number): boolean {
    if (this.used + bytes <= this.capacity) return true;
    const [oldest] = this.growing;
    return oldest === lease && this.parked < this.capacity;
  }

  private grant(bytes: number): true {
    this.used += bytes;
    return true;
  }

  private settle(each: Waiting, granted: boolean): void {
    clearTimeout(each.timer);
    this.waiting.splice(this.waiting.indexOf(each), 1);
    each.resolve(granted);
  }

  private change(lease: MemoryLease, { used = 0, parked = 0, canGrow }: LeaseChange): void {
    this.used += used;
    this.parked += parked;
    if (!canGrow) this.growing.delete(lease);
    for (const each of this.waiting.slice()) {
      if (this.hasRoom(each.lease, each.bytes)) this.settle(each, this.grant(each.bytes));
    }
  }
}

/** The bytes of one piece of work. Disposing returns them. */
export class MemoryLease implements Disposable {
  private held = 0;
  private state: 'GROWING' | 'PARKED' | 'ENDED' = 'GROWING';

  constructor(private readonly pool: LeaseParts) {}

  /** Returns false if the pool was full for too long, or the lease has ended. */
  async reserve(bytes: number): Promise<boolean> {
    if (this.state !== 'GROWING') return false;
    const granted = await this.pool.reserve(this, bytes);
    if (granted) this.held += bytes;
    if (this.isEnded()) this.release(this.held); // it ended while it waited
    return granted && !this.isEnded();
  }

  /** Takes bytes that are in use already, without waiting. */
  add(bytes: number): void {
    if (this.isEnded()) return;
    this.held += bytes;
    this.pool.changed(this, { used: bytes, canGrow: this.state === 'GROWING' });
  }

  /** Returns reserved bytes that were not used. */
  release(bytes: number): void {
    const released = Math.min(bytes, this.held);
    this.held -= released;
    this.pool.changed(this, { used: -released, ...(this.state === 'PARKED' && { parked: -released }), canGrow: this.state === 'GROWING' });
  }

  /** The lease grows no more, and waits for something else. */
  park(): void {
    if (this.state !== 'GROWING') return;
    this.state = 'PARKED';
    this.pool.changed(this, { parked: this.held, canGrow: false });
  }

  [Symbol.dispose](): void {
    if (this.isEnded()) return;
    this.park();
    this.release(this.held);
    this.state = 'ENDED';
  }

  private isEnded(): boolean {
    return this.state === 'ENDED';
  }
}

interface LeaseParts {
  readonly reserve: (lease: MemoryLease, bytes: number) => Promise<boolean>;
  readonly changed: (lease: MemoryLease, change: LeaseChange) => void;
}

interface LeaseChange {
  readonly used?: number;
  readonly parked?: number;
  readonly canGrow: boolean;
}

interface Waiting {
  readonly lease: MemoryLease;
  readonly bytes: number;
  readonly resolve: (granted: boolean) => void;
  readonly timer: NodeJS.Timeout;
}
