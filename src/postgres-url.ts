/**
 * One address for each host of an address of Postgres. `postgres://u@a:1,b:2/db` has two; each has
 * its own port, else 5432.
 */
export function addressesOf(url: string): readonly string[] {
  const [, start = '', hosts = '', rest = ''] = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/s.exec(url) ?? [];
  return hosts.includes(',') ? hosts.split(',').map((host) => `${start}${host}${rest}`) : [url];
}

/** The hosts of an address as text, with their ports. */
export function hostsOf(url: string): string {
  return addressesOf(url)
    .map((each) => new URL(each).host)
    .join(',');
}

/**
 * The problem of an address of Postgres, or null: a query parameter that Tidings does not support, or
 * an unsupported value. Does not repeat the password.
 *
 * Why not pass unknown parameters on? The driver sends them to the server, which rejects the
 * connection; and a limit that is ignored, such as `connection_limit`, would mislead.
 */
export function problemOfPostgresUrl(given: string): string | null {
  // Not parsed: a password with a question mark may look like a query.
  if (!addressesOf(given).every((each) => URL.canParse(each) && new URL(each).pathname.length > 1)) return null;
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
  const { protocol, username, password, pathname, search } = new URL(addressesOf(url)[0] ?? url);
  const user = password === '' ? username : `${username}:****`;
  return `${protocol}//${user}${user === '' ? '' : '@'}${hostsOf(url)}${pathname}${search}`;
}

/** The addresses for the driver, which does not look for the primary itself. */
export function driverUrls(url: string): readonly string[] {
  return addressesOf(url).map((each) => {
    const address = new URL(each);
    if (!address.searchParams.has('target_session_attrs')) return each;
    address.searchParams.delete('target_session_attrs');
    return address.href;
  });
}

/** The value of `sslmode` in an address; null: it has none. */
export function sslModeOf(url: string): string | null {
  return queryOf(url).get('sslmode');
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
