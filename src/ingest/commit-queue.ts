import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { ConflictPolicy, DraftRow, Appended } from '../store/log/append.ts';

/** Rows to store together and in this order, and the callbacks that get the result. */
export interface CommitRequest {
  readonly rows: readonly DraftRow[];
  readonly onConflict: ConflictPolicy;
  readonly checkPermission: PermissionCheck;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Called when a request leaves the queue, which can be seconds after it arrived. The request is
 * rejected with the error that this throws.
 */
export type PermissionCheck = () => void;

export interface Stored {
  /** One for each row, in order. */
  readonly results: readonly (Appended | NotStored)[];
  /** At or after every event of the request. */
  readonly head: Position;
}

/** A row of a request that was rejected because of conflicts. */
export interface NotStored {
  readonly created: null;
  readonly differing: readonly string[];
}

export interface Amount {
  readonly events: number;
  /** Characters of JSON, which nearly always equal bytes. */
  readonly bytes: number;
}

/**
 * Requests that wait for their batch, oldest first.
 *
 * Guarantees: the queue holds at most `bounds`, or one larger request if it is alone. Each request
 * is taken once.
 */
export class CommitQueue {
  private queue: (CommitRequest & { readonly size: Amount })[] = [];
  private queued: Amount = zeroAmount;

  constructor(private readonly bounds: Amount) {}

  get length(): number {
    return this.queue.length;
  }

  get amount(): Amount {
    return this.queued;
  }

  /** Throws UNAVAILABLE with `retryAfterMs` if the queue is full. */
  add(request: CommitRequest): void {
    const { rows } = request;
    const size = { events: rows.length, bytes: rows.reduce((sum, row) => sum + row.length, 0) };
    const total = plus(this.queued, size, 1);
    if (this.queue.length > 0 && exceeds(total, this.bounds)) throw queueFull(this.queued);
    this.queued = total;
    this.queue.push({ ...request, size });
  }

  /** Removes and returns the oldest request, with later ones of its policy up to `limit`. */
  takeBatch(limit: Amount): readonly CommitRequest[] {
    const [oldest] = this.queue;
    const batch: CommitRequest[] = [];
    const remaining: typeof this.queue = [];
    let size = zeroAmount;
    let full = false;
    for (const request of this.queue) {
      const total = plus(size, request.size, 1);
      const isCompatible: boolean = !full && request.onConflict === oldest?.onConflict;
      full ||= isCompatible && batch.length > 0 && exceeds(total, limit);
      if (!isCompatible || full) {
        remaining.push(request);
        continue;
      }
      batch.push(request);
      size = total;
    }
    this.queue = remaining;
    this.queued = plus(this.queued, size, -1);
    return batch;
  }
}

function queueFull({ events, bytes }: Amount): TidingsError {
  const message = `Nothing was stored: the commit queue is full (${events} events, ${bytes} bytes). Repeat the request after ${retryAfterMs} ms.`;
  return new TidingsError('UNAVAILABLE', message, { retryAfterMs });
}

function plus(to: Amount, { events, bytes }: Amount, sign: 1 | -1): Amount {
  return { events: to.events + sign * events, bytes: to.bytes + sign * bytes };
}

function exceeds(amount: Amount, limit: Amount): boolean {
  return amount.events > limit.events || amount.bytes > limit.bytes;
}

const zeroAmount: Amount = { events: 0, bytes: 0 };

/** About the time in which a full queue becomes half empty. */
const retryAfterMs = 1000;
