/**
 * The expected errors: what a caller or an operator can mend. Everything that is not one of these is a bug, logged
 * once and masked.
 */
export class TidingsError extends Error {
  override readonly name = 'TidingsError';
  /**
   * Where in the input, for example ["filter", "event", "in", "3"]. Not named `path`, by which graphql-js takes an error
   * for one that it has located already.
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

  /** What graphql-js copies onto the GraphQL error that it wraps around this one. */
  get extensions(): { code: ErrorCode; path?: readonly string[]; retryAfterMs?: number } {
    return {
      code: this.code,
      ...(this.inputPath.length > 0 && { path: this.inputPath }),
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
    };
  }
}

export interface ErrorDetails {
  /** Where in the input, for example ["filter", "event", "in", "3"]. */
  readonly path?: readonly string[];
  readonly cause?: unknown;
  /** When repeating the request is likely to succeed. */
  readonly retryAfterMs?: number;
}

export type ErrorCode = keyof typeof errorCodes;

/** Every code with its meaning, as the README lists them. */
export const errorCodes = {
  BAD_USER_INPUT: 'An argument has an invalid value.',
  BAD_CURSOR: 'The cursor is malformed, or belongs to another order.',
  CURSOR_EXPIRED: 'The cursor belongs to another log, or to events that are no longer kept.',
  BAD_FILTER: 'The filter breaks a rule; the path names the clause.',
  LIMIT_EXCEEDED: 'The request is larger than the service allows, or exceeded the statement timeout.',
  UNAUTHENTICATED: 'The server requires an API key; the request has none, or it is unknown, expired or revoked.',
  FORBIDDEN: 'The key lacks the required permission.',
  UNAVAILABLE: 'The database cannot be reached, or too many events wait to be stored. Repeating the request later is safe.',
  CANNOT_START: 'The server cannot start; the message states the reason and what to change.',
} as const;
