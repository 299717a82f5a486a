/**
 * The problem of an address of Postgres, or null: several hosts, a query parameter that Tidings does
 * not support, or an unsupported value. Does not repeat the password.
 *
 * Why not pass unknown parameters on? The driver sends them to the server, which rejects the
 * connection; and a limit that is ignored, such as `connection_limit`, would mislead.
 */
export function problemOfPostgresUrl(given: string): string | null {
  if (hostsOf(given).length > 1) {
    return 'expected one host, got several. Set the address of the primary, or a name that always leads to it.';
  }
  // Not parsed: a password with a question mark may look like a query.
  if (!URL.canParse(given) || new URL(given).pathname.length <= 1) return null;
  const query = queryOf(given);
  for (const [name, value] of query) {
    if (query.getAll(name).length > 1) return `expected the parameter ${quoted(name)} once, got it several times.`;
    const check = supported.get(name);
    if (check === undefined) return `the parameter ${quoted(name)} is not supported. ${hints.get(name) ?? 'Remove it.'}`;
    if (!check.isValid(value))
      return `the parameter ${quoted(name)}: expected ${check.expected}, got ${quoted(value)}. ${check.hint}`.trim();
  }
  return null;
}

/** The same address with its password replaced, to show it. */
export function maskPassword(url: string): string {
  const masked = new URL(url);
  if (masked.password !== '') masked.password = '****';
  return masked.href;
}

/** The address for the driver, which has only one host to try, and cannot look for the primary. */
export function driverUrl(url: string): string {
  const address = new URL(url);
  if (!address.searchParams.has('target_session_attrs')) return url;
  address.searchParams.delete('target_session_attrs');
  return address.href;
}

/** The value of `sslmode` in an address; null: it has none. */
export function sslModeOf(url: string): string | null {
  return queryOf(url).get('sslmode');
}

function hostsOf(url: string): readonly string[] {
  const authority = /^postgres(?:ql)?:\/\/([^/?#]*)/.exec(url)?.[1] ?? '';
  return authority.slice(authority.lastIndexOf('@') + 1).split(',');
}

function queryOf(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1).split('#')[0]);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

interface Check {
  readonly expected: string;
  readonly hint: string;
  readonly isValid: (value: string) => boolean;
}

function oneOf(values: readonly string[], hint: string): Check {
  return { expected: `one of ${values.join(', ')}`, hint, isValid: (value) => values.includes(value) };
}

const notEmpty: Check = { expected: 'a value', hint: '', isValid: (value) => value !== '' };

const supported: ReadonlyMap<string, Check> = new Map([
  // The driver verifies the name of the host whenever it verifies the certificate.
  ['sslmode', oneOf(['disable', 'prefer', 'require', 'verify-full'], 'Only verify-full checks the certificate.')],
  ['target_session_attrs', oneOf(['primary', 'read-write'], 'Tidings needs the primary.')],
  ['application_name', notEmpty],
  ['options', notEmpty],
]);

const poolSizeHint = 'Remove it, and set TIDINGS_POOL_SIZE instead.';
const sslModeHint = 'Remove it, and set sslmode instead.';
const certificateHint = 'Remove it. For a certificate authority of your own, set NODE_EXTRA_CA_CERTS to its file.';
const hostHint = 'Remove it, and name host, port, user, password and database before the question mark. Unix sockets are not supported.';

/** Parameters of other programs: what to do instead. */
const hints: ReadonlyMap<string, string> = new Map([
  ['pgbouncer', 'Remove it, and set the address of Postgres itself: Tidings needs sessions, which PgBouncer does not keep.'],
  ['schema', 'Remove it: Tidings stores its tables in the schema tidings.'],
  ['search_path', 'Remove it: Tidings stores its tables in the schema tidings.'],
  ['connection_limit', poolSizeHint],
  ['pool_size', poolSizeHint],
  ['max', poolSizeHint],
  ['pool_timeout', 'Remove it: requests wait for a free connection.'],
  ['connect_timeout', 'Remove it: an attempt to connect ends after 10 seconds.'],
  ['statement_timeout', 'Remove it, and set TIDINGS_STATEMENT_TIMEOUT_MS instead.'],
  ['socket_timeout', 'Remove it, and set TIDINGS_STATEMENT_TIMEOUT_MS instead.'],
  ['ssl', sslModeHint],
  ['sslaccept', sslModeHint],
  ['sslnegotiation', sslModeHint],
  ['sslcert', certificateHint],
  ['sslkey', certificateHint],
  ['sslidentity', certificateHint],
  ['sslrootcert', certificateHint],
  ['channel_binding', 'Remove it; sslmode=verify-full checks the server.'],
  ['host', hostHint],
  ['port', hostHint],
  ['user', hostHint],
  ['password', hostHint],
  ['dbname', hostHint],
]);
