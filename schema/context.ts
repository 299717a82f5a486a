import type { Client } from '../src/auth/caller.ts';
import { createLoaders, type Loaders } from './loaders.ts';
import type { Services } from './services.ts';

/**
 * The context of one operation. `loaders` read the log at one head. A mutation and each message of
 * a subscription replace them, so that the response includes the events that caused it.
 */
export interface Context extends Client {
  readonly services: Services;
  loaders: Loaders;
}

export function createContext(services: Services, { caller, address, requestId }: Client): Context {
  return { services, caller, address, requestId, loaders: createLoaders(services, caller) };
}
