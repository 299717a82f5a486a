import { TidingsError } from '../errors.ts';
import type { ConflictPolicy, DraftRow, Appended } from '../store/log/append.ts';
import type { Position } from '../event/cursor.ts';

/** What somebody wants stored, together and in this order, and whom to tell what became of it. */
export interface Request {
  readonly rows: readonly DraftRow[];
  readonly onConflict: ConflictPolicy;
  readonly stillMay: StillMay;
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
export class WaitingRequests {
  private queue: (Request & { readonly size: Amount })[] = [];
  private waiting: Amount = nothing;

  constructor(private readonly bounds: Amount) {}

  get length(): number {
    return this.queue.length;
  }

  get amount(): Amount {
    return this.waiting;
  }

  /** Throws UNAVAILABLE, with a time after which to come again, when too much waits already. */
  add(request: Request): void {
    const { rows } = request;
    const size = { events: rows.length, bytes: rows.reduce((sum, row) => sum + row.length, 0) };
    const then = plus(this.waiting, size, 1);
    if (this.queue.length > 0 && exceeds(then, this.bounds)) throw tooMuchWaits(this.waiting);
    this.waiting = then;
    this.queue.push({ ...request, size });
  }

  /** Takes the oldest request, and those behind it that may go with it. */
  takeBatch(most: Amount): readonly Request[] {
    const [oldest] = this.queue;
    const batch: Request[] = [];
    const left: typeof this.queue = [];
    let size = nothing;
    let full = false;
    for (const request of this.queue) {
      const then = plus(size, request.size, 1);
      const goesAlong: boolean = !full && request.onConflict === oldest?.onConflict;
      full ||= goesAlong && batch.length > 0 && exceeds(then, most);
      if (!goesAlong || full) {
        left.push(request);
        continue;
      }
      batch.push(request);
      size = then;
    }
    this.queue = left;
    this.waiting = plus(this.waiting, size, -1);
    return batch;
  }
}

function tooMuchWaits({ events, bytes }: Amount): TidingsError {
  const message = `Nothing was stored: ${events} events (${bytes} bytes) wait for the database already. Repeat the request after ${retryAfterMs} ms.`;
  return new TidingsError('UNAVAILABLE', message, { retryAfterMs });
}

function plus(to: Amount, { events, bytes }: Amount, sign: 1 | -1): Amount {
  return { events: to.events + sign * events, bytes: to.bytes + sign * bytes };
}

function exceeds(amount: Amount, most: Amount): boolean {
  return amount.events > most.events || amount.bytes > most.bytes;
}

const nothing: Amount = { events: 0, bytes: 0 };

/** About what it takes to store a good part of what waits. */
const retryAfterMs = 1000;

/** Asked when a request's turn comes, which may be seconds later; what it throws, the request is refused with. */
export type StillMay = () => void;

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
