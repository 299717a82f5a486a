import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { post, type GraphQLResponse } from './test-server.ts';

/** The TIDINGS_ADMIN_KEY of test servers. */
export const adminKey = 'a-key-for-tests-that-may-do-everything';

/** A client with a secret. */
export interface Bearer {
  readonly secret: string;
  execute(query: string, variables?: object): Promise<GraphQLResponse>;
  /** Returns the data; throws if the response has errors. */
  data(query: string, variables?: object): Promise<any>;
  /** Opens a WebSocket client, which the caller must dispose. */
  socket(on?: { closed?: (event: unknown) => void }): Client;
}

export function bearer(url: string, secret: string): Bearer {
  const authorization = `Bearer ${secret}`;
  const execute: Bearer['execute'] = (query, variables) => post(url, query, variables, { authorization });
  return {
    secret,
    execute,
    async data(query, variables) {
      const { data, errors } = await execute(query, variables);
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data;
    },
    socket: (on = {}) =>
      createClient({
        url: `${url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: { authorization },
        retryAttempts: 0,
        on,
      }),
  };
}

export interface MadeKey {
  readonly id: string;
  readonly secret: string;
}

/** Creates a key with the admin key. */
export async function makeKey(url: string, input: object): Promise<MadeKey & { readonly bearer: Bearer }> {
  const { createApiKey } = await bearer(url, adminKey).data(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret key { id } } }',
    { input: { name: 'test', ...input } },
  );
  const { secret, key } = createApiKey;
  return { id: key.id, secret, bearer: bearer(url, secret) };
}

export const revocation = 'mutation ($id: ID!) { revokeApiKey(id: $id) { revoked } }';
