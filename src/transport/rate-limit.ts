import { TidingsError } from '../errors.ts';
import { clientOf, type Asking } from './client.ts';
import { Rate } from './token-bucket.ts';

/** Why a client has to wait: it has asked too much within the last minute. */
export interface Excess {
  readonly message: string;
  /** When the same would be let in; left out where it never is. */
  readonly retryAfterMs?: number;
}

/**
 * What each client may ask for in a minute, whatever way it comes, by cost: about the number of values that are answered or
 * taken, as `server/operation-cost` estimates it for GraphQL.
 */
export class Allowance {
  private readonly rate: Rate | null;

  /** `costPerMinute` 0: no limit. */
  constructor(private readonly costPerMinute: number) {
    this.rate = costPerMinute === 0 ? null : new Rate(costPerMinute);
  }

  /** Takes it; null: it was taken. */
  take(asking: Asking, cost: number): Excess | null {
    const retryAfterMs = this.rate?.take(clientOf(asking), cost) ?? null;
    if (retryAfterMs === null) return null;
    const expected = `expected operations of cost ${this.costPerMinute} a minute at most, got another one of ${cost}`;
    if (cost > this.costPerMinute) return { message: `${expected}, which is never allowed` };
    return { message: `${expected}; repeat it after ${retryAfterMs} ms`, retryAfterMs };
  }

  /** Takes it. Throws LIMIT_EXCEEDED when it is not there. */
  spend(asking: Asking, cost: number): void {
    const excess = this.take(asking, cost);
    if (excess !== null) throw new TidingsError('LIMIT_EXCEEDED', excess.message, excess);
  }

  /** For a client that can wait: takes it, or says in how many milliseconds to try again. More than a minute has is let in when all of it is there. */
  takeOrWait(asking: Asking, cost: number): number | null {
    return this.rate?.take(clientOf(asking), Math.min(cost, this.costPerMinute)) ?? null;
  }
}

/** What a question to the log costs beside its answer: it may take much longer than that. */
export const questionCost = 100;
/** What an event in an answer costs that is told whole. */
export const eventCost = 10;
