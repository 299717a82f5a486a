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

export function createContext(services: Services, { caller, address, requestId }: Client): Context {
  return { services, caller, address, requestId, loaders: createLoaders(services, caller) };
}
