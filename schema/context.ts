import type { Asker } from '../src/auth/caller.ts';
import { createReads, type Reads } from './loaders.ts';
import type { Services } from './services.ts';

/**
 * One operation's context. `reads` sees the log at one head; a mutation and each event of a subscription begin a new
 * one, so that what they hand out includes what they caused.
 */
export interface Context extends Asker {
  readonly services: Services;
  reads: Reads;
}

export function createContext(services: Services, { caller, address, requestId }: Asker): Context {
  return { services, caller, address, requestId, reads: createReads(services, caller) };
}
