import type { Command } from './terminal/command.ts';
import { retryingRequest } from './client/retrying-request.ts';
import { readEndpoint, type Endpoint } from './client/endpoint.ts';
import { readArgs, invalidArgs } from './terminal/args.ts';
import { keyTable, type ApiKeyData } from './key-table.ts';
import { startPrivateServer } from './private-server.ts';
import { bodyOf } from './client/request.ts';
import { TidingsError } from '../errors.ts';

const synopsis =
  'keys create NAME [--permissions emit,read] [--filter JSON] [--emit-prefix acme.] [--expires 30d] | keys list | keys revoke ID, each with [--url URL]';
const options = {
  permissions: { type: 'string', default: 'emit,read' },
  filter: { type: 'string' },
  'emit-prefix': { type: 'string' },
  expires: { type: 'string' },
  url: { type: 'string' },
} as const;

export const keys: Command = {
  synopsis,
  purpose: 'makes, lists and revokes keys, on the database of the settings, or through the server at --url with TIDINGS_KEY',
  async run(args) {
    const { values, positionals } = readArgs(args, { synopsis, options });
    const [action, subject, ...others] = positionals;
    if (others.length > 0 || (subject === undefined) !== (action === 'list'))
      throw invalidArgs('Expected create NAME, list or revoke ID', synopsis);
    const run = actions[action ?? ''];
    if (run === undefined) throw invalidArgs(`Expected create, list or revoke, got ${action ?? 'nothing'}`, synopsis);
    const variables = action === 'create' ? { input: readKeyInput(subject ?? '', values) } : { id: subject };
    if (values.url !== undefined) return run(readEndpoint(values.url), variables);
    await using server = await startPrivateServer();
    return await run(server.endpoint, variables);
  },
};

type Action = (endpoint: Endpoint, variables: object) => Promise<number>;

const actions: Readonly<Record<string, Action>> = {
  async create(endpoint, variables) {
    const { createApiKey } = await requestOnce<{ createApiKey: { secret: string; key: ApiKeyData } }>(endpoint, create, variables);
    // The secret by itself on standard output, so that a script can take it.
    process.stderr.write(`${keyTable([createApiKey.key])}\nThe key, which is not shown again:\n`);
    process.stdout.write(`${createApiKey.secret}\n`);
    return 0;
  },
  async list(endpoint) {
    const { apiKeys } = await requestOnce<{ apiKeys: readonly ApiKeyData[] }>(endpoint, list, {});
    process.stdout.write(apiKeys.length === 0 ? 'There are no keys.\n' : keyTable(apiKeys));
    return 0;
  },
  async revoke(endpoint, variables) {
    const { revokeApiKey } = await requestOnce<{ revokeApiKey: ApiKeyData }>(endpoint, revoke, variables);
    process.stdout.write(keyTable([revokeApiKey]));
    return 0;
  },
};

/** Once: a key that is made twice would leave one that nobody knows of. */
function requestOnce<T>(endpoint: Endpoint, query: string, variables: object): Promise<T> {
  return retryingRequest<T>(endpoint, bodyOf(query, JSON.stringify(variables)), { timeoutMs: 0, onUnavailable: () => undefined });
}

const keyFields = 'id name permissions filter emitPrefix created expires revoked';
const create = `mutation Create($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret key { ${keyFields} } } }`;
const list = `{ apiKeys { ${keyFields} } }`;
const revoke = `mutation Revoke($id: ID!) { revokeApiKey(id: $id) { ${keyFields} } }`;

export interface KeyArgs {
  readonly permissions: string;
  readonly filter?: string | undefined;
  readonly 'emit-prefix'?: string | undefined;
  readonly expires?: string | undefined;
}

/** The flags of `keys create` as GraphQL's CreateApiKeyInput. Throws BAD_USER_INPUT. */
export function readKeyInput(name: string, args: KeyArgs): object {
  return {
    name,
    permissions: args.permissions.split(',').map(readPermission),
    filter: args.filter === undefined ? null : readFilter(args.filter),
    emitPrefix: args['emit-prefix'] ?? null,
    expires: args.expires === undefined ? null : readExpiry(args.expires),
  };
}

function readPermission(given: string): string {
  const permission = given.trim();
  if (['emit', 'read', 'admin'].includes(permission)) return permission.toUpperCase();
  throw new TidingsError(
    'BAD_USER_INPUT',
    `--permissions: expected emit, read, admin or several of them with commas, got ${JSON.stringify(permission)}.`,
  );
}

function readFilter(given: string): unknown {
  try {
    const filter: unknown = JSON.parse(given);
    if (typeof filter === 'object' && filter !== null && !Array.isArray(filter)) return filter;
  } catch {
    // said below
  }
  throw new TidingsError(
    'BAD_USER_INPUT',
    `--filter: expected an EventFilter as JSON, such as '{"resource":{"id":{"startsWith":["acme."]}}}', got ${JSON.stringify(given)}.`,
  );
}

/** A time, or so many days or hours from now. */
function readExpiry(given: string): string {
  const [, amount, unit] = /^(\d{1,5})([dh])$/.exec(given) ?? [];
  if (unit === undefined) return given; // the server judges it
  return new Date(Date.now() + Number(amount) * (unit === 'd' ? 86_400_000 : 3_600_000)).toISOString();
}
