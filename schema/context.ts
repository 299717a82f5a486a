import type { Client } from '../src/auth/caller.ts';
import { createLoaders, type Loaders } from './loaders.ts';
import type { Services } from './services.ts';

/**
 * One operation's context. `reads` sees the log at one head; a mutation and each event of a subscription begin a new
 * one, so that what they hand out includes what they caused.
 */
export interface Context extends Client {
  readonly services: Services;
  loaders: Loaders;
}

export function createContext(services: Services, { caller, address, requestId, lastEventId }: Client): Context {
  return {
    services,
    caller,
    address,
    requestId,
    ...(lastEventId !== undefined && { lastEventId }),
    loaders: createLoaders(services, caller),
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
