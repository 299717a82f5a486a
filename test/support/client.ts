import { anonymous, type Client } from '../../src/auth/caller.ts';
import type { Services } from '../../schema/services.ts';

/** The client of tests that do not depend on one. */
export const testClient: Client = {
  caller: anonymous,
  address: '127.0.0.1',
  requestId: 'test',
  reader: { client: 'test', signal: new AbortController().signal },
};

/** Services of tests without keys. */
export const withoutKeys: Pick<Services, 'keys' | 'audit'> = {
  keys: { of: () => null, create: none, list: none, revoke: none },
  audit: { keyCreated: none, keyRevoked: none, rejected: () => undefined, [Symbol.asyncDispose]: none },
};

async function none(): Promise<never> {
  throw new Error('there are no keys in this test');
}
