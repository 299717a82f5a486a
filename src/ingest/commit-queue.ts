import { TidingsError } from '../errors.ts';
import type { ConflictPolicy, DraftRow, Appended } from '../store/log/append.ts';
import type { Position } from '../event/cursor.ts';

/** What somebody wants stored, together and in this order, and whom to tell what became of it. */
export interface CommitRequest {
  readonly rows: readonly DraftRow[];
  readonly onConflict: ConflictPolicy;
  readonly checkPermission: PermissionCheck;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: unknown) => void;
}

export interface Amount {
  readonly events: number;
  /** Characters of JSON, which are bytes nearly always. */
  readonly bytes: number;
}

/**
 * The requests that wait for their batch, oldest first. Promises: no more wait than `bounds` allow, but for one that is
 * larger by itself when nothing else waits; a request is taken once.
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

  /** Throws UNAVAILABLE, with a time after which to come again, when too much waits already. */
  add(request: CommitRequest): void {
    const { rows } = request;
    const size = { events: rows.length, bytes: rows.reduce((sum, row) => sum + row.length, 0) };
    const total = plus(this.queued, size, 1);
    if (this.queue.length > 0 && exceeds(total, this.bounds)) throw queueFull(this.queued);
    this.queued = total;
    this.queue.push({ ...request, size });
  }

  /** Takes the oldest request, and those behind it that may go with it. */
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
  const message = `Nothing was stored: ${events} events (${bytes} bytes) wait for the database already. Repeat the request after ${retryAfterMs} ms.`;
  return new TidingsError('UNAVAILABLE', message, { retryAfterMs });
}

function plus(to: Amount, { events, bytes }: Amount, sign: 1 | -1): Amount {
  return { events: to.events + sign * events, bytes: to.bytes + sign * bytes };
}

function exceeds(amount: Amount, limit: Amount): boolean {
  return amount.events > limit.events || amount.bytes > limit.bytes;
}

const zeroAmount: Amount = { events: 0, bytes: 0 };

/** About what it takes to store a good part of what waits. */
const retryAfterMs = 1000;

/** Asked when a request's turn comes, which may be seconds later; what it throws, the request is refused with. */
export type PermissionCheck = () => void;

export interface Stored {
  /** One for each row, in order. */
  readonly results: readonly (Appended | NotStored)[];
  /** At or after every event of the request. */
  readonly head: Position;
}

/** A row of a request that was refused for conflicts. */
export interface NotStored {
  readonly created: null;
  readonly differing: readonly string[];
}
