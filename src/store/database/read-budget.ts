import { TidingsError } from '../../errors.ts';
import { allButPayload, allParts, type EventParts } from '../../event/event.ts';
import { MemoryPool, type MemoryLease } from '../../concurrency/memory-pool.ts';

/** What the reads of one operation may take. */
export interface ReadBudget {
  /** What the operation uses of events. Other parts are not read, and empty. */
  readonly parts: EventParts;
  /** Waits until `bytes` may be read. Throws LIMIT_EXCEEDED and UNAVAILABLE. */
  reserve(bytes: number): Promise<void>;
  /** Keeps `used` of `reserved` bytes, which may be more. Throws LIMIT_EXCEEDED. */
  settle(reserved: number, used: number): void;
}

/** For reads that are bounded in another way, such as a cut page. */
export const unbounded: ReadBudget = { parts: allParts, reserve: async () => undefined, settle: () => undefined };

export const withoutPayload: ReadBudget = { ...unbounded, parts: allButPayload };

/** The same budget for reads that use other parts of events. */
export function withParts(budget: ReadBudget, parts: EventParts): ReadBudget {
  return {
    parts,
    reserve: (bytes) => budget.reserve(bytes),
    settle: (reserved, used) => budget.settle(reserved, used),
  };
}

/**
 * The bytes that one response may have, and the memory of the process that it takes meanwhile.
 *
 * Guarantees: the reads of one operation keep at most `maxBytes`, whatever it selects how often. Reads of all operations
 * together keep what the pool allows, besides the first `freeBytes` of each operation.
 */
export class OperationBudget implements ReadBudget, Disposable {
  parts = allParts;
  private used = 0;

  constructor(
    private readonly lease: MemoryLease,
    readonly maxBytes: number,
  ) {}

  restrictTo(parts: ReadonlySet<string>): void {
    this.parts = new Set(Array.from(allParts).filter((part) => parts.has(part)));
  }

  async reserve(bytes: number): Promise<void> {
    if (this.used > this.maxBytes) throw this.tooLarge();
    const before = this.pooled();
    this.used += bytes;
    const added = this.pooled() - before;
    if (added > 0 && !(await this.lease.reserve(added))) {
      this.used -= bytes;
      throw busyError();
    }
  }

  settle(reserved: number, used: number): void {
    const before = this.pooled();
    this.used += used - reserved;
    const added = this.pooled() - before;
    if (added > 0) this.lease.add(added);
    else this.lease.release(-added);
    if (this.used > this.maxBytes) throw this.tooLarge();
  }

  /** The error for a response of more than `maxBytes`. */
  readonly tooLarge = (): TidingsError =>
    new TidingsError(
      'LIMIT_EXCEEDED',
      `expected a response of at most ${this.maxBytes} bytes, got a larger one; request fewer events (first, last, maxEvents), ` +
        'leave out large fields such as payload, or raise TIDINGS_MAX_RESPONSE_BYTES',
    );

  /** Call when everything is read: only the client's network holds the response now. */
  park(): void {
    this.lease.park();
  }

  [Symbol.dispose](): void {
    this.lease[Symbol.dispose]();
  }

  private pooled(): number {
    return Math.max(0, this.used - freeBytes);
  }
}

/** The budgets of this process. */
export interface ReadBudgets {
  /** For one operation. Dispose it when the response is sent. */
  forOperation(): OperationBudget;
  /** For the messages of subscriptions, which hold no memory for long: only the size of a response is bounded. */
  forMessages(): OperationBudget;
}

/** `heapBytes`: the maximum heap of this process. */
export function createReadBudgets(maxResponseBytes: number, heapBytes: number): ReadBudgets {
  const capacity = Math.floor(heapBytes / bytesPerResponseByte);
  const maxBytes = Math.min(maxResponseBytes, capacity);
  const pool = new MemoryPool(capacity, maxWaitMs);
  return {
    forOperation: () => new OperationBudget(pool.lease(), maxBytes),
    forMessages: () => new OperationBudget(new MemoryPool(Infinity, maxWaitMs).lease(), maxBytes),
  };
}

function busyError(): TidingsError {
  return new TidingsError(
    'UNAVAILABLE',
    'Other large responses use the memory for reads. Repeating the request later is safe; one for fewer or smaller events needs less.',
    { retryAfterMs },
  );
}

/** Small responses do not wait for large ones, whatever these are doing. */
const freeBytes = 1 << 20;
const retryAfterMs = 1000;
/** A response waits this long for others that use the memory. */
const maxWaitMs = 10_000;
/**
 * Memory that a byte of a response takes at most while it is read, as text, as values and encoded,
 * with room for everything else of the process.
 */
const bytesPerResponseByte = 8;
