import { GraphQLError } from 'graphql';

/** A request beyond a limit, as its client is told on every transport: what was expected, and what came. */
export class LimitError extends GraphQLError {
  /** `retryAfterMs`: when the same would be let in; left out where it never is. */
  constructor(message: string, retryAfterMs?: number) {
    super(message, { extensions: { code: 'LIMIT_EXCEEDED', ...(retryAfterMs !== undefined && { retryAfterMs }) } });
  }
}
