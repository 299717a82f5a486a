import { GraphQLError } from 'graphql';

/** The GraphQL error for a request beyond a limit, on every transport. */
export class LimitError extends GraphQLError {
  /** `retryAfterMs`: when the same request will be accepted; left out if it never will. */
  constructor(message: string, retryAfterMs?: number) {
    super(message, { extensions: { code: 'LIMIT_EXCEEDED', ...(retryAfterMs !== undefined && { retryAfterMs }) } });
  }
}
