import { anonymous, type Client } from '../../src/auth/caller.ts';
import type { Services } from '../../schema/services.ts';

/** Whoever asks in a test, where that does not matter. */
export const testClient: Client = { caller: anonymous, address: '127.0.0.1', requestId: 'test' };

/** Where a test has nothing to do with keys. */
export const withoutKeys: Pick<Services, 'keys' | 'audit'> = {
  keys: { of: () => null, create: none, list: none, revoke: none },
  audit: { keyCreated: none, keyRevoked: none, rejected: () => undefined, [Symbol.asyncDispose]: none },
};

async function none(): Promise<never> {
  throw new Error('there are no keys in this test');
}
