import { TidingsError } from './errors.ts';
import { oneOf, origins, secret, text, url, integer, type Setting } from './setting-types.ts';

/**
 * Every setting: its name in the environment, default, check and meaning. docs/operations.md
 * repeats this table, and `tidings settings` prints it. An invalid value stops the start with a
 * sentence that states the expected value.
 */
export const settingTable = {
  port: integer({ name: 'PORT', fallback: 4000, min: 0, max: 65_535, meaning: 'TCP port to listen on; 0 selects a free one.' }),
  host: text('HOST', '127.0.0.1', 'Address to listen on.'),
  databaseUrl: url('DATABASE_URL', 'Postgres 15 or later that stores the events. Unset: the embedded database.'),
  dataDir: text('DATA_DIR', './data', 'Folder of the embedded database.'),
  adminKey: secret(
    'TIDINGS_ADMIN_KEY',
    'API key with all permissions, for bootstrapping; at least 22 characters, preferably random. Unset: none.',
  ),
  metricsToken: secret(
    'TIDINGS_METRICS_TOKEN',
    'Token that can read /metrics and nothing else; at least 22 characters, preferably random. Unset: none.',
  ),
  key: secret('TIDINGS_KEY', 'API key that the commands send: emit, tail, top, chain and keys. Unset: none.'),
  poolSize: integer({
    name: 'TIDINGS_POOL_SIZE',
    fallback: 10,
    min: 2,
    max: 200,
    meaning: 'Connections to Postgres, of which queries take at most a third; the embedded database has one.',
  }),
  workers: integer({
    name: 'TIDINGS_WORKERS',
    fallback: 1,
    min: 1,
    max: 64,
    meaning: 'Processes that share the port and the log; more than one needs Postgres.',
  }),
  retentionDays: integer({
    name: 'TIDINGS_RETENTION_DAYS',
    fallback: 30,
    min: 0,
    max: 36_500,
    meaning: 'Days that events are kept after they were received; 0 keeps all.',
  }),
  allowedOrigins: origins(
    'TIDINGS_ALLOWED_ORIGINS',
    'Origins of web pages and apps that can use the server, such as https://*.example.com, separated by commas.',
  ),
  introspection: oneOf(['on', 'off'], { name: 'TIDINGS_INTROSPECTION', fallback: 'on', meaning: 'Allow GraphQL introspection.' }),
  graphiql: oneOf(['on', 'off'], { name: 'TIDINGS_GRAPHIQL', fallback: 'on', meaning: 'Serve GraphiQL to browsers at /graphql.' }),
  feed: oneOf(['on', 'off'], { name: 'TIDINGS_FEED', fallback: 'on', meaning: 'Serve the event feed to browsers at /.' }),
  logLevel: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], {
    name: 'TIDINGS_LOG_LEVEL',
    fallback: 'warn',
    meaning: 'Least severe log lines to write to standard error.',
  }),
  shutdownTimeout: integer({
    name: 'TIDINGS_SHUTDOWN_TIMEOUT_MS',
    fallback: 8000,
    min: 0,
    max: 9000,
    meaning: 'Milliseconds that running requests have to finish at shutdown.',
  }),
  statementTimeout: integer({
    name: 'TIDINGS_STATEMENT_TIMEOUT_MS',
    fallback: 30_000,
    min: 100,
    max: 3_600_000,
    meaning: 'Milliseconds that one SQL statement can take.',
  }),
  bodyBytes: integer({
    name: 'TIDINGS_MAX_BODY_BYTES',
    fallback: 16_777_216,
    min: 1024,
    max: 268_435_456,
    meaning: 'Bytes of one HTTP request body or WebSocket message.',
  }),
  responseBytes: integer({
    name: 'TIDINGS_MAX_RESPONSE_BYTES',
    fallback: 64_000_000,
    min: 1_000_000,
    max: 268_435_456,
    meaning: 'Bytes of events that one response can have; less if the heap of Node.js is smaller than 512 MB.',
  }),
  batchEvents: integer({
    name: 'TIDINGS_MAX_BATCH_EVENTS',
    fallback: 1000,
    min: 1,
    max: 10_000,
    meaning: 'Events in one batch over GraphQL.',
  }),
  pageSize: integer({ name: 'TIDINGS_MAX_PAGE_SIZE', fallback: 1000, min: 1, max: 10_000, meaning: 'Events on one page.' }),
  filterNodes: integer({
    name: 'TIDINGS_MAX_FILTER_NODES',
    fallback: 500,
    min: 1,
    max: 10_000,
    meaning: 'Fields and operators in one filter.',
  }),
  filterDepth: integer({
    name: 'TIDINGS_MAX_FILTER_DEPTH',
    fallback: 10,
    min: 1,
    max: 50,
    meaning: 'Levels of and, or and not in one filter.',
  }),
  filterListLength: integer({
    name: 'TIDINGS_MAX_FILTER_LIST',
    fallback: 1000,
    min: 1,
    max: 10_000,
    meaning: 'Values in one list of a filter.',
  }),
  queryCost: integer({
    name: 'TIDINGS_MAX_COST',
    fallback: 500_000,
    min: 1000,
    max: 1_000_000_000,
    meaning: 'Cost of one GraphQL operation: about the number of values in its response; nested lists multiply.',
  }),
  costPerMinute: integer({
    name: 'TIDINGS_MAX_COST_PER_MINUTE',
    fallback: 60_000_000,
    min: 0,
    max: 1_000_000_000,
    meaning: 'Cost of all requests of one key, or of one address without keys, in a minute, over all protocols; 0: no limit.',
  }),
  subscriptionsPerConnection: integer({
    name: 'TIDINGS_MAX_SUBSCRIPTIONS',
    fallback: 1000,
    min: 1,
    max: 100_000,
    meaning: 'Running operations on one WebSocket.',
  }),
  connectionsPerClient: integer({
    name: 'TIDINGS_MAX_CONNECTIONS',
    fallback: 10_000,
    min: 1,
    max: 1_000_000,
    meaning: 'Open WebSockets and SSE streams of one key, and of one address, in one process.',
  }),
  unauthenticatedConnections: integer({
    name: 'TIDINGS_MAX_UNAUTHENTICATED_CONNECTIONS',
    fallback: 10_000,
    min: 100,
    max: 1_000_000,
    meaning: 'Open connections of one address that are not authenticated, in one process; another one closes the oldest.',
  }),
  eventBytes: integer({
    name: 'TIDINGS_MAX_EVENT_BYTES',
    fallback: 1_500_000,
    min: 1024,
    max: 16_777_216,
    meaning: "Bytes of one event's JSON form.",
  }),
  eventIdLength: integer({ name: 'TIDINGS_MAX_EVENT_ID_LENGTH', fallback: 255, min: 36, max: 255, meaning: 'Characters of an event id.' }),
  eventNameLength: integer({
    name: 'TIDINGS_MAX_EVENT_NAME_LENGTH',
    fallback: 1024,
    min: 1,
    max: 10_000,
    meaning: 'Characters of an event name.',
  }),
  resourceIdLength: integer({
    name: 'TIDINGS_MAX_RESOURCE_ID_LENGTH',
    fallback: 1024,
    min: 1,
    max: 10_000,
    meaning: 'Characters of a resource id.',
  }),
  roleLength: integer({ name: 'TIDINGS_MAX_ROLE_LENGTH', fallback: 1024, min: 1, max: 10_000, meaning: 'Characters of a role.' }),
  labelKeyLength: integer({
    name: 'TIDINGS_MAX_LABEL_KEY_LENGTH',
    fallback: 255,
    min: 1,
    max: 10_000,
    meaning: 'Characters of a label key.',
  }),
  labelValueLength: integer({
    name: 'TIDINGS_MAX_LABEL_VALUE_LENGTH',
    fallback: 10_000,
    min: 1,
    max: 1_000_000,
    meaning: 'Characters of a label value.',
  }),
  labelsPerResource: integer({ name: 'TIDINGS_MAX_LABELS', fallback: 500, min: 1, max: 10_000, meaning: 'Labels of one resource.' }),
  relatedResources: integer({
    name: 'TIDINGS_MAX_RELATED',
    fallback: 100,
    min: 0,
    max: 10_000,
    meaning: 'Related resources of one event.',
  }),
  payloadDepth: integer({ name: 'TIDINGS_MAX_PAYLOAD_DEPTH', fallback: 100, min: 1, max: 500, meaning: 'Levels of a payload.' }),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

export type Settings = {
  readonly [K in keyof typeof settingTable]: (typeof settingTable)[K] extends Setting<infer T> ? T : never;
};

/**
 * Reads the settings from an environment; an empty value counts as unset. Throws CANNOT_START for
 * an invalid value.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const entries = Object.entries(settingTable).map(([key, setting]) => [key, valueOf(setting, env[setting.name])]);
  return Object.fromEntries(entries) as Settings;
}

/** Reads the key that commands send to a server, their only setting. Throws CANNOT_START. */
export function readKey(env: Readonly<Record<string, string | undefined>>): string | null {
  return valueOf(settingTable.key, env[settingTable.key.name]) as string | null;
}

/** One setting in force: its value for display, without secrets, and its source. */
export interface SettingInForce {
  readonly name: string;
  readonly value: string;
  readonly source: 'default' | 'environment';
  /** The sentence that rejects the value; null: it is valid. */
  readonly problem: string | null;
}

/** The settings in force in an environment, in the order of the table. */
export function settingsInForce(env: Readonly<Record<string, string | undefined>>): readonly SettingInForce[] {
  return Object.values<Setting<unknown>>(settingTable).map((setting) => {
    const { name } = setting;
    const source = isSet(env[name]) ? 'environment' : 'default';
    try {
      return { name, source, value: shown(setting, valueOf(setting, env[name])), problem: null };
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      return { name, source, value: '(invalid)', problem: error.message };
    }
  });
}

/** Variables with the prefix of settings that are none, such as one that is misspelled. */
export function unknownSettings(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = new Set(Object.values<Setting<unknown>>(settingTable).map(({ name }) => name));
  return Object.keys(env).filter((name) => name.startsWith('TIDINGS_') && !known.has(name));
}

function shown({ isSecret, mask }: Setting<unknown>, value: unknown): string {
  if (value === null) return '(unset)';
  const text = Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : JSON.stringify(value);
  return isSecret === true ? (mask?.(text) ?? '****') : text;
}

function isSet(given: string | undefined): given is string {
  return given !== undefined && given !== '';
}

function valueOf(setting: Setting<unknown>, given: string | undefined): unknown {
  if (!isSet(given)) return setting.fallback;
  const problem = setting.problemOf?.(given) ?? null;
  if (problem !== null) throw new TidingsError('CANNOT_START', `${setting.name}: ${problem}`);
  const value = setting.read(given);
  if (value !== undefined) return value;
  const got = setting.isSecret === true ? 'something else' : JSON.stringify(given);
  throw new TidingsError('CANNOT_START', `${setting.name}: expected ${setting.expected}, got ${got}. Set a valid value, or unset it.`);
}
