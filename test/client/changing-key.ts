import type { Fleet } from '../oracle/fleet.ts';
import type { FollowerPlan } from '../oracle/follower-plan.ts';
import { runQuery } from '../oracle/query.ts';
import { adminKey } from '../support/keys.ts';
import type { RunStats } from '../oracle/stats.ts';

/** The API keys of a client, one after the other: each ends soon. */
export interface ChangingKey {
  /** The option `key` of a client: creates another key. Throws if the server is down. */
  readonly key: () => Promise<string>;
  /** Revokes the latest key, if the server can be reached. */
  revoke(): Promise<void>;
  /** From now on, the key is one that does not end. Resolves when the log has the events of all keys. */
  finish(): Promise<void>;
}

export function createChangingKey({ name, connections }: FollowerPlan, fleet: Fleet, stats: RunStats): ChangingKey {
  let count = 0;
  let latest: string | null = null;
  let creating: Promise<string> | null = null;
  let isFinished = false;
  const send = (query: string, variables: object): Promise<any> => {
    const { server } = connections[count % connections.length]!;
    count += 1;
    return runQuery(fleet.url(server), query, variables);
  };
  const createKey = async (): Promise<string> => {
    // On a slow machine, keys live longer: at least half of it is left for their first use.
    for (let lifetimeMs = minLifetimeMs; ; lifetimeMs *= 2) {
      const began = Date.now();
      const { createApiKey } = await send(create, { input: { name, permissions: ['READ'], expires: new Date(began + lifetimeMs) } });
      stats.add('client keys');
      latest = createApiKey.key.id;
      if (Date.now() - began < lifetimeMs / 2) return createApiKey.secret;
    }
  };
  return {
    key: () => (isFinished ? Promise.resolve(adminKey) : (creating = createKey())),
    async revoke() {
      if (latest === null) return;
      await send(revoke, { id: latest }).then(
        () => stats.add('revoked client keys'),
        () => undefined, // the server is down
      );
    },
    async finish() {
      isFinished = true;
      await creating?.catch(() => undefined);
    },
  };
}

const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret key { id } } }';
const revoke = 'mutation ($id: ID!) { revokeApiKey(id: $id) { id } }';
/** Twice as long as a server is frozen: a client that was never accepted ends when its second key has ended too. */
const minLifetimeMs = 8000;
