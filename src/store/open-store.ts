import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import { TidingsError } from '../errors.ts';
import type { Epoch } from '../event/cursor.ts';
import { addressesOf, hostsOf, sslModeOf } from '../postgres-url.ts';
import { asUnavailable, sqlState } from './database/database-errors.ts';
import { connectEmbedded, connectPostgres, type ConnectionSettings, type Database } from './database/database.ts';
import { startEmbedded } from './database/embedded.ts';
import type { EpochHistory } from './epochs.ts';
import { migrate } from './migrate.ts';

/** The migrated database and the epochs of its log. Disposing closes the connections. */
export interface Store extends AsyncDisposable {
  readonly database: Database;
  readonly epochHistory: EpochHistory;
  /** Opens a database with a single connection and without a statement timeout; null: the embedded one has no second connection. */
  readonly connectAlone: (() => Database) | null;
}

export interface StoreSettings extends ConnectionSettings {
  /** Null: the embedded database in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  /** Default: logs nothing. */
  readonly logger?: Pick<Logger, 'warn' | 'error'>;
  /** An epoch whose end was lost on the same server: it is over. */
  readonly lostEpoch?: Epoch | undefined;
}

/** Opens the database that the settings name. Throws CANNOT_START. */
export async function openStore(settings: StoreSettings): Promise<Store> {
  return settings.databaseUrl === null ? openEmbedded(settings) : openPostgres(settings.databaseUrl, settings);
}

async function openEmbedded(settings: StoreSettings): Promise<Store> {
  await using opening = new AsyncDisposableStack();
  const embedded = opening.use(await startEmbedded(settings.dataDir, settings.logger ?? noLogger));
  const database = opening.use(connectEmbedded(embedded, settings));
  const epochHistory = await migrate(database, { data: embedded.identity }, settings.logger ?? noLogger);
  const opened = opening.move();
  return { database, epochHistory, connectAlone: null, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

async function openPostgres(url: string, settings: StoreSettings): Promise<Store> {
  try {
    // The migration holds a lock on one connection, and may take longer than the statement timeout.
    // Without that connection the lock is lost, and another one may lead to another server.
    const alone = { poolSize: 1, statementTimeout: 0, reconnects: false } as const;
    await using single = connectPostgres(url, alone);
    await checkReachable(single);
    const epochHistory = await migrate(single, { data: '', lostEpoch: settings.lostEpoch }, settings.logger ?? noLogger);
    const database = connectPostgres(url, { ...settings, server: epochHistory.server });
    const connectAlone = (): Database => connectPostgres(url, { ...alone, server: epochHistory.server });
    return { database, epochHistory, connectAlone, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
  } catch (error) {
    throw cannotOpen(error, url);
  }
}

/**
 * Bounds the wait for an answer: the program that listens at the address may not be Postgres, and
 * never answer.
 */
async function checkReachable(database: Database): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new TidingsError('UNAVAILABLE', 'no answer')), responseTimeoutMs).unref();
  });
  await Promise.race([database.rows(sql`select 1`), late]);
}

const responseTimeoutMs = 10_000;

function cannotOpen(error: unknown, address: string): unknown {
  if (error instanceof TidingsError && error.code !== 'UNAVAILABLE') return error;
  const { pathname, username } = new URL(addressesOf(address)[0] ?? address);
  const host = hostsOf(address);
  const state = sqlState(error);
  const database = decodeURIComponent(pathname.slice(1));
  const cannotStart = (text: string): TidingsError => new TidingsError('CANNOT_START', `DATABASE_URL: ${text}`, { cause: error });
  if (state === '28P01' || state === '28000') {
    const mode = sslModeOf(address);
    const encryption = state === '28000' ? `, pg_hba.conf and sslmode (${mode === null ? 'not set' : `"${mode}"`})` : '';
    return cannotStart(
      `Postgres at ${host} rejected the login of user "${decodeURIComponent(username)}". Check the user name and password${encryption}.`,
    );
  }
  const rejectedParameter = rejectedParameterIn(error);
  if (rejectedParameter !== null) {
    return cannotStart(`the server at ${host} rejected a connection parameter (${rejectedParameter}). Remove it; a pooler cannot be used.`);
  }
  const tlsProblem = tlsProblemOf(error);
  if (tlsProblem !== null) {
    return cannotStart(`the parameter "sslmode": TLS with Postgres at ${host} failed (${tlsProblem}). ${tlsAdvice(sslModeOf(address))}`);
  }
  if (state === '3D000') return cannotStart(`Postgres at ${host} has no database "${database}". Create it, or set another one.`);
  if (state === '42501') {
    return cannotStart(`the user has no permission to create a schema in database "${database}". Run "grant create on database" for it.`);
  }
  if (state === '25006') {
    return cannotStart(`database "${database}" at ${host} is read-only. Use the primary server, or a user with write permission.`);
  }
  if (state === '53300') {
    return cannotStart(`Postgres at ${host} has no free connection. Raise its max_connections, or lower TIDINGS_POOL_SIZE.`);
  }
  if (state === '55000') return cannotStart(`database "${database}" does not accept connections. Allow them, or set another one.`);
  if (asUnavailable(error) === null) return error;
  const requiresTls = ['require', 'verify-full'].includes(sslModeOf(address) ?? '');
  const tlsHint = requiresTls ? ' and the parameter "sslmode": a server without TLS needs sslmode=disable' : '';
  return cannotStart(`Postgres at ${host} cannot be reached (${reasonOf(error)}). Start it, or check the address${tlsHint}.`);
}

/**
 * The message of a server that rejects a parameter of the connection, and the name in it: from
 * `options`, or a parameter of Tidings that a pooler does not know.
 */
function rejectedParameterIn(error: unknown): string | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    const state = sqlState(each);
    if (state === '42704' || state === '22023' || state === '55P02') return messageOf(each);
    if (state?.startsWith('08') === true && /parameter/.test(messageOf(each))) return messageOf(each);
  }
  return null;
}

/** The innermost message, which is that of the server. */
function messageOf(error: Error): string {
  return error.cause instanceof Error ? messageOf(error.cause) : (error.message.split('\n')[0]?.slice(0, 200) ?? '');
}

/** The code of a failed TLS handshake, or of a certificate that cannot be verified. */
function tlsProblemOf(error: unknown): string | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    const code = 'code' in each ? String(each.code) : '';
    if (/CERT|SSL|TLS|UNABLE_TO_/.test(code)) return code;
  }
  return null;
}

function tlsAdvice(mode: string | null): string {
  return mode === 'verify-full'
    ? 'Check the host name, set NODE_EXTRA_CA_CERTS to the file of the certificate authority, or set sslmode=require, which checks no certificate.'
    : 'Set sslmode=disable, or enable TLS on the server.';
}

function reasonOf(error: unknown): string {
  let reason = 'no answer';
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('code' in each && each.code !== 'UNAVAILABLE') reason = String(each.code);
  }
  return reason;
}

const noLogger = { warn: () => undefined, error: () => undefined };
