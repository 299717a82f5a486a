import { TidingsError } from '../errors.ts';
import { rateLimitKeyOf, type RateLimitedClient } from './client.ts';
import { TokenBucket } from './token-bucket.ts';

/** Why a client has to wait: its requests of the last minute cost too much. */
export interface RateLimitExceeded {
  readonly message: string;
  /** When the same request will be accepted; left out if it never will. */
  readonly retryAfterMs?: number;
}

/**
 * The cost of all requests of each client in a minute, over all protocols. Cost is about the number
 * of values that are returned or stored; `server/graphql/limits/operation-cost.ts` estimates it for
 * GraphQL.
 */
export class RateLimit {
  private readonly tokenBucket: TokenBucket | null;

  /** `costPerMinute` 0: no limit. */
  constructor(private readonly costPerMinute: number) {
    this.tokenBucket = costPerMinute === 0 ? null : new TokenBucket(costPerMinute);
  }

  /** Takes the cost from the client's bucket. Returns null if it was there. */
  take(client: RateLimitedClient, cost: number): RateLimitExceeded | null {
    const retryAfterMs = this.tokenBucket?.take(rateLimitKeyOf(client), cost) ?? null;
    if (retryAfterMs === null) return null;
    const expected = `expected requests of cost ${this.costPerMinute} a minute at most, got another one of ${cost}`;
    if (cost > this.costPerMinute) return { message: `${expected}, which is more than a whole minute allows; split it` };
    return { message: `${expected}; repeat it after ${retryAfterMs} ms`, retryAfterMs };
  }

  /** Takes the cost from the client's bucket. Throws LIMIT_EXCEEDED if it is not there. */
  takeOrThrow(client: RateLimitedClient, cost: number): void {
    const exceeded = this.take(client, cost);
    if (exceeded !== null) throw new TidingsError('LIMIT_EXCEEDED', exceeded.message, exceeded);
  }

  /**
   * For a client that can wait: takes the cost and returns null, or returns after how many
   * milliseconds to try again. A cost beyond a whole minute's takes a full bucket.
   */
  takeOrRetryAfterMs(client: RateLimitedClient, cost: number): number | null {
    return this.tokenBucket?.take(rateLimitKeyOf(client), Math.min(cost, this.costPerMinute)) ?? null;
  }
}

/**
 * The cost of a query of the log besides its response: it can take much longer than a response of
 * that size.
 */
export const logQueryCost = 100;
/**
 * The least cost of a request with a body of that many bytes, whatever is in it: about the time to
 * parse it.
 */
export function requestCost(bytes: number): number {
  return Math.ceil(bytes / bytesPerCost);
}

const bytesPerCost = 100;
/** The cost of a whole event in a response. */
export const eventCost = 10;
