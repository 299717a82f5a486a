/**
 * An expected error, which a caller or an operator can fix. Every other error is a bug; it is
 * logged once and masked.
 */
export class TidingsError extends Error {
  override readonly name = 'TidingsError';
  /**
   * The path in the input, for example ["filter", "event", "in", "3"]. Not named `path`, because
   * graphql-js takes an error with a `path` for one that it has located already.
   */
  readonly inputPath: readonly string[];
  private readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.inputPath = details.path ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }

  /** graphql-js copies these to the GraphQL error that wraps this one. */
  get extensions(): { code: ErrorCode; path?: readonly string[]; retryAfterMs?: number } {
    return {
      code: this.code,
      ...(this.inputPath.length > 0 && { path: this.inputPath }),
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
    };
  }
}

export interface ErrorDetails {
  /** The path in the input, for example ["filter", "event", "in", "3"]. */
  readonly path?: readonly string[];
  readonly cause?: unknown;
  /** After this time, repeating the request is likely to succeed. */
  readonly retryAfterMs?: number;
}

export type ErrorCode = keyof typeof errorCodes;

/** Every code with its meaning, as docs/errors.md lists them. */
export const errorCodes = {
  BAD_USER_INPUT: 'An argument has an invalid value.',
  BAD_CURSOR: 'The cursor is malformed, or belongs to another order.',
  CURSOR_EXPIRED: 'The cursor belongs to another log, or to events that are no longer kept.',
  BAD_FILTER: 'The filter breaks a rule; the path names the clause.',
  LIMIT_EXCEEDED: 'The request is larger than the service allows, or exceeded the statement timeout.',
  UNAUTHENTICATED: 'The server requires an API key; the request has none, or it is unknown, expired or revoked.',
  FORBIDDEN: 'The key lacks the required permission.',
  UNAVAILABLE: 'The database cannot be reached, or too many events wait to be stored. Repeating the request later is safe.',
  CANCELLED: 'The client left before the operation was complete. Only metrics have it: no client is left to receive it.',
  CANNOT_START: 'The server cannot start; the message states the reason and what to change.',
} as const;
