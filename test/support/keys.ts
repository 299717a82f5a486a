import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { post, type GraphQLResponse } from './test-server.ts';

/** A key that the tests give to servers as TIDINGS_ADMIN_KEY. */
export const adminKey = 'a-key-for-tests-that-may-do-everything';

/** Somebody who comes with a secret. */
export interface Bearer {
  readonly secret: string;
  execute(query: string, variables?: object): Promise<GraphQLResponse>;
  /** Throws when the answer has errors. */
  data(query: string, variables?: object): Promise<any>;
  /** A client of the WebSocket; whoever asks for it disposes of it. */
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

/** Makes a key, as an admin does. */
export async function makeKey(url: string, input: object): Promise<MadeKey & { readonly bearer: Bearer }> {
  const { createApiKey } = await bearer(url, adminKey).data(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret key { id } } }',
    { input: { name: 'test', ...input } },
  );
  const { secret, key } = createApiKey;
  return { id: key.id, secret, bearer: bearer(url, secret) };
}

export const revocation = 'mutation ($id: ID!) { revokeApiKey(id: $id) { revoked } }';
