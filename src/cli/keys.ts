import { isJsonObject } from '../json/exact-number.ts';
import { parseJson } from '../json/parse-json.ts';
import { stringifyJson } from '../json/stringify-json.ts';
import { TidingsError } from '../errors.ts';
import { rejectWildcard } from './client/event-filter.ts';
import { readEndpoint, urlMeaning, type Endpoint } from './client/endpoint.ts';
import { bodyOf } from './client/request.ts';
import { retryingRequest } from './client/retrying-request.ts';
import { keyTable, type ApiKeyData } from './key-table.ts';
import { startPrivateServer } from './private-server.ts';
import { readArgs, invalidArgs } from './terminal/args.ts';
import type { Command } from './terminal/command.ts';

const synopsis =
  'keys create NAME | list | revoke ID [--permissions emit,read] [--filter JSON] [--emit-prefix acme.] [--expires 30d] [--url URL]';
const options = {
  permissions: { type: 'string', default: 'emit,read', value: 'LIST', meaning: 'create: emit, read, admin, separated by commas.' },
  filter: { type: 'string', value: 'JSON', meaning: 'create: the key sees only events that match this EventFilter.' },
  'emit-prefix': { type: 'string', value: 'PREFIX', meaning: 'create: the key emits only for resources whose id starts with PREFIX.' },
  expires: { type: 'string', value: 'TIME', meaning: 'create: when the key ends, such as 30d, 12h or 2036-01-31T00:00:00Z.' },
  url: { type: 'string', value: 'URL', meaning: `${urlMeaning} Without it: the database of the settings.` },
} as const;

export const keys: Command = {
  synopsis,
  purpose: 'Creates, lists and revokes API keys, in the database of the settings or through a server.',
  options,
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

export interface KeyArgs {
  readonly permissions: string;
  readonly filter?: string | undefined;
  readonly 'emit-prefix'?: string | undefined;
  readonly expires?: string | undefined;
}

/** The arguments of `keys create` as CreateApiKeyInput. Throws BAD_USER_INPUT. */
export function readKeyInput(name: string, args: KeyArgs): object {
  if (args['emit-prefix'] !== undefined) rejectWildcard('emit-prefix', 'the start of resource ids', args['emit-prefix']);
  return {
    name,
    permissions: args.permissions.split(',').map(readPermission),
    filter: args.filter === undefined ? null : readFilter(args.filter),
    emitPrefix: args['emit-prefix'] ?? null,
    expires: args.expires === undefined ? null : readExpiry(args.expires),
  };
}

type Action = (endpoint: Endpoint, variables: object) => Promise<number>;

const actions: Readonly<Record<string, Action>> = {
  async create(endpoint, variables) {
    const { createApiKey } = await requestOnce<{ createApiKey: { secret: string; key: ApiKeyData } }>(endpoint, create, variables);
    // Only the secret is on standard output, so that a script can read it.
    process.stderr.write(`${keyTable([createApiKey.key])}\nThe secret of the key, which is shown only once:\n`);
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

/** Does not retry: a lost response to a creation would leave a key whose secret is unknown. */
function requestOnce<T>(endpoint: Endpoint, query: string, variables: object): Promise<T> {
  return retryingRequest<T>(endpoint, bodyOf(query, stringifyJson(variables)), { timeoutMs: 0, onUnavailable: () => undefined });
}

const keyFields = 'id name permissions visibleEvents emitPrefix created expires revoked';
const create = `mutation Create($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret key { ${keyFields} } } }`;
const list = `{ apiKeys { ${keyFields} } }`;
const revoke = `mutation Revoke($id: ID!) { revokeApiKey(id: $id) { ${keyFields} } }`;

function readPermission(given: string): string {
  const permission = given.trim();
  if (['emit', 'read', 'admin'].includes(permission)) return permission.toUpperCase();
  throw new TidingsError(
    'BAD_USER_INPUT',
    `--permissions: expected emit, read or admin, separated by commas, got ${JSON.stringify(permission)}.`,
  );
}

function readFilter(given: string): unknown {
  try {
    const filter = parseJson(given);
    if (isJsonObject(filter)) return filter;
  } catch {
    // reported below
  }
  throw new TidingsError(
    'BAD_USER_INPUT',
    `--filter: expected an EventFilter as JSON, such as '{"resource":{"id":{"startsWith":["acme."]}}}', got ${JSON.stringify(given)}.`,
  );
}

/** A time, or a number of days or hours from now. */
function readExpiry(given: string): string {
  const [, amount, unit] = /^(\d{1,5})([dh])$/.exec(given) ?? [];
  if (unit === undefined) return given; // the server validates it
  return new Date(Date.now() + Number(amount) * (unit === 'd' ? 86_400_000 : 3_600_000)).toISOString();
}
