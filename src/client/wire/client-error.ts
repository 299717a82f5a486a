/** The codes of the server, and those of this package, in the second group. New ones can be added. */
export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'BAD_CURSOR'
  | 'CURSOR_EXPIRED'
  | 'BAD_FILTER'
  | 'LIMIT_EXCEEDED'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'
  /** An event was rejected; `userErrors` has the reasons. */
  | 'EVENT_REJECTED'
  /** The queue of `emit` is full. */
  | 'QUEUE_FULL'
  /** The outbox could not keep an event. */
  | 'OUTBOX_FAILED'
  /** Events were not stored in time, or not before the end of the process. */
  | 'UNSENT'
  /** `emit` after `close`. */
  | 'CLOSED'
  /** Events between two cursors are no longer available. */
  | 'GAP'
  /** The address is not that of a Tidings server. */
  | 'NOT_TIDINGS'
  | (string & {});

/** A problem of an event, as the server words it. */
export interface UserError {
  readonly code: string;
  /** The path in the event, for example ["related", "0", "role"]. */
  readonly field: readonly string[];
  readonly message: string;
}

export interface ErrorDetails {
  readonly retryAfterMs?: number | null;
  readonly userErrors?: readonly UserError[];
  readonly cause?: unknown;
}

/** What every part of this package throws. */
export class TidingsError extends Error {
  override readonly name: string = 'TidingsError';
  readonly code: ErrorCode;
  /** After this time the same request can succeed; null: unknown. */
  readonly retryAfterMs: number | null;
  readonly userErrors: readonly UserError[];

  constructor(code: ErrorCode, message: string, { retryAfterMs = null, userErrors = [], cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.userErrors = userErrors;
  }

  /** Whether the same request can succeed later. */
  get isTemporary(): boolean {
    return this.retryAfterMs !== null || this.code === 'UNAVAILABLE' || this.code === 'INTERNAL_SERVER_ERROR';
  }

  /** Whether the address or the key is wrong: no request can succeed before that is corrected. */
  get isMisconfigured(): boolean {
    return this.code === 'UNAUTHENTICATED' || this.code === 'FORBIDDEN' || this.code === 'NOT_TIDINGS';
  }
}

/** Events after `from`, up to `to`, were removed by retention, or the log was replaced by another. */
export class GapError extends TidingsError {
  override readonly name = 'GapError';

  constructor(
    readonly from: string,
    /** Where the events that are still available begin: pass it as `after` to accept the loss. */
    readonly to: string,
    readonly reason: string,
  ) {
    super('GAP', `The events between the cursors ${from} and ${to} are not available (${reason}). To continue, subscribe after ${to}.`);
  }
}

export function tidingsErrorOf(error: unknown): TidingsError {
  return error instanceof TidingsError ? error : new TidingsError('UNAVAILABLE', reasonOf(error), { cause: error });
}

/** Unwraps the cause of "fetch failed". */
function reasonOf(error: unknown): string {
  let message = String(error);
  for (let each = error; each instanceof Error; each = each.cause)
    message = each.message || ('code' in each ? String(each.code) : each.name);
  return message;
}
