import type { Command } from './terminal/command.ts';
import { ask } from './client/retrying-request.ts';
import { readEndpoint, type Endpoint } from './client/endpoint.ts';
import { readFlags, wrongWords } from './terminal/args.ts';
import { keyTable, type ShownKey } from './key-table.ts';
import { startOwnServer } from './private-server.ts';
import { bodyOf } from './client/request.ts';
import { TidingsError } from '../errors.ts';

const synopsis =
  'keys create NAME [--may emit,read] [--filter JSON] [--emit-prefix acme.] [--expires 30d] | keys list | keys revoke ID, each with [--url URL]';
const options = {
  may: { type: 'string', default: 'emit,read' },
  filter: { type: 'string' },
  'emit-prefix': { type: 'string' },
  expires: { type: 'string' },
  url: { type: 'string' },
} as const;

export const keys: Command = {
  synopsis,
  purpose: 'makes, lists and revokes keys, on the database of the settings, or through the server at --url with TIDINGS_KEY',
  async run(words) {
    const { values, positionals } = readFlags(words, { synopsis, options });
    const [what, subject, ...others] = positionals;
    if (others.length > 0 || (subject === undefined) !== (what === 'list'))
      throw wrongWords('Expected create NAME, list or revoke ID', synopsis);
    const run = actions[what ?? ''];
    if (run === undefined) throw wrongWords(`Expected create, list or revoke, got ${what ?? 'nothing'}`, synopsis);
    const variables = what === 'create' ? { input: readKeyInput(subject ?? '', values) } : { id: subject };
    if (values.url !== undefined) return run(readEndpoint(values.url), variables);
    await using own = await startOwnServer();
    return await run(own.endpoint, variables);
  },
};

type Action = (endpoint: Endpoint, variables: object) => Promise<number>;

const actions: Readonly<Record<string, Action>> = {
  async create(endpoint, variables) {
    const { createApiKey } = await tell<{ createApiKey: { secret: string; key: ShownKey } }>(endpoint, create, variables);
    // The secret by itself on standard output, so that a script can take it.
    process.stderr.write(`${keyTable([createApiKey.key])}\nThe key, which is not shown again:\n`);
    process.stdout.write(`${createApiKey.secret}\n`);
    return 0;
  },
  async list(endpoint) {
    const { apiKeys } = await tell<{ apiKeys: readonly ShownKey[] }>(endpoint, list, {});
    process.stdout.write(apiKeys.length === 0 ? 'There are no keys.\n' : keyTable(apiKeys));
    return 0;
  },
  async revoke(endpoint, variables) {
    const { revokeApiKey } = await tell<{ revokeApiKey: ShownKey }>(endpoint, revoke, variables);
    process.stdout.write(keyTable([revokeApiKey]));
    return 0;
  },
};

/** Once: a key that is made twice would leave one that nobody knows of. */
function tell<T>(endpoint: Endpoint, query: string, variables: object): Promise<T> {
  return ask<T>(endpoint, bodyOf(query, JSON.stringify(variables)), { ms: 0, onAway: () => undefined });
}

const shown = 'id name may filter emitPrefix created expires revoked';
const create = `mutation Create($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret key { ${shown} } } }`;
const list = `{ apiKeys { ${shown} } }`;
const revoke = `mutation Revoke($id: ID!) { revokeApiKey(id: $id) { ${shown} } }`;

export interface KeyFlags {
  readonly may: string;
  readonly filter?: string | undefined;
  readonly 'emit-prefix'?: string | undefined;
  readonly expires?: string | undefined;
}

/** The flags of `keys create` as GraphQL's CreateApiKeyInput. Throws BAD_USER_INPUT. */
export function readKeyInput(name: string, flags: KeyFlags): object {
  return {
    name,
    may: flags.may.split(',').map(readRight),
    filter: flags.filter === undefined ? null : readFilter(flags.filter),
    emitPrefix: flags['emit-prefix'] ?? null,
    expires: flags.expires === undefined ? null : readExpiry(flags.expires),
  };
}

function readRight(given: string): string {
  const right = given.trim();
  if (['emit', 'read', 'admin'].includes(right)) return right.toUpperCase();
  throw new TidingsError(
    'BAD_USER_INPUT',
    `--may: expected emit, read, admin or several of them with commas, got ${JSON.stringify(right)}.`,
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
