import type { Client } from '../src/auth/caller.ts';
import type { OperationBudget } from '../src/store/database/read-budget.ts';
import { createLoaders, type Loaders } from './loaders.ts';
import type { Services } from './services.ts';

/**
 * The context of one operation. `loaders` read the log at one head. A mutation and each message of
 * a subscription replace them, so that the response includes the events that caused it.
 */
export interface Context extends Client {
  readonly services: Services;
  /** What its reads may take. The server disposes it when the response is sent. */
  readonly budget: OperationBudget;
  loaders: Loaders;
}

export function createContext(services: Services, { caller, address, requestId, reader, lastEventId, requestBytes }: Client): Context {
  const budget = services.budgets.forOperation();
  return {
    services,
    budget,
    caller,
    address,
    requestId,
    reader,
    ...(lastEventId !== undefined && { lastEventId }),
    ...(requestBytes !== undefined && { requestBytes }),
    loaders: createLoaders({ ...services, database: services.database.reads(reader) }, { caller, budget }),
  };
}

/**
 * Where a subscription continues, and the input that says so: `Last-Event-ID`, which is newer, takes precedence over
 * `after`. Null: it starts at the head.
 */
export function resumptionOf(after: string | null | undefined, { lastEventId }: Context): Resumption | null {
  if (lastEventId !== undefined) return { cursor: lastEventId, path: ['Last-Event-ID'] };
  return after === null || after === undefined ? null : { cursor: after, path: ['after'] };
}

export interface Resumption {
  readonly cursor: string;
  readonly path: readonly string[];
}
