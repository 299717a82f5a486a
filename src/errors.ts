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
  BAD_USER_INPUT: 'An argument has a value that it cannot have.',
  BAD_CURSOR: 'The cursor is malformed, or belongs to another order.',
  CURSOR_EXPIRED: 'The cursor belongs to another log, or lies where nothing is kept any more.',
  BAD_FILTER: 'The filter breaks a rule; the path says where.',
  LIMIT_EXCEEDED: 'The request is larger than the service allows, or took the database longer.',
  UNAUTHENTICATED: 'The server has keys, and the request has none that is good.',
  FORBIDDEN: 'The key may not do this.',
  UNAVAILABLE: 'The database cannot be reached now, or too much waits for it. Repeating the request later is safe.',
  CANNOT_START: 'The server cannot start; the message says how to mend it.',
} as const;
