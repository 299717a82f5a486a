import { TidingsError } from '../errors.ts';
import { rateLimitKeyOf, type RateLimitedClient } from './client.ts';
import { TokenBucket } from './token-bucket.ts';

/** Why a client has to wait: it has asked too much within the last minute. */
export interface RateLimitExceeded {
  readonly message: string;
  /** When the same would be let in; left out where it never is. */
  readonly retryAfterMs?: number;
}

/**
 * What each client may ask for in a minute, whatever way it comes, by cost: about the number of values that are answered or
 * taken, as `server/operation-cost` estimates it for GraphQL.
 */
export class RateLimit {
  private readonly tokenBucket: TokenBucket | null;

  /** `costPerMinute` 0: no limit. */
  constructor(private readonly costPerMinute: number) {
    this.tokenBucket = costPerMinute === 0 ? null : new TokenBucket(costPerMinute);
  }

  /** Takes it; null: it was taken. */
  take(client: RateLimitedClient, cost: number): RateLimitExceeded | null {
    const retryAfterMs = this.tokenBucket?.take(rateLimitKeyOf(client), cost) ?? null;
    if (retryAfterMs === null) return null;
    const expected = `expected operations of cost ${this.costPerMinute} a minute at most, got another one of ${cost}`;
    if (cost > this.costPerMinute) return { message: `${expected}, which is never allowed` };
    return { message: `${expected}; repeat it after ${retryAfterMs} ms`, retryAfterMs };
  }

  /** Takes it. Throws LIMIT_EXCEEDED when it is not there. */
  takeOrThrow(client: RateLimitedClient, cost: number): void {
    const exceeded = this.take(client, cost);
    if (exceeded !== null) throw new TidingsError('LIMIT_EXCEEDED', exceeded.message, exceeded);
  }

  /** For a client that can wait: takes it, or says in how many milliseconds to try again. More than a minute has is let in when all of it is there. */
  takeOrRetryAfterMs(client: RateLimitedClient, cost: number): number | null {
    return this.tokenBucket?.take(rateLimitKeyOf(client), Math.min(cost, this.costPerMinute)) ?? null;
  }
}

/** What a question to the log costs beside its answer: it may take much longer than that. */
export const logQueryCost = 100;
/** What an event in an answer costs that is told whole. */
export const eventCost = 10;
