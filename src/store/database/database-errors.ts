import { TidingsError } from '../../errors.ts';
import { otherServerCode } from './server-identity.ts';

/**
 * The UNAVAILABLE error for a failure to reach the database, or null for any other failure. It does
 * not say whether the statement was executed.
 */
export function asUnavailable(error: unknown): TidingsError | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof TidingsError) return each;
    const code = 'code' in each && typeof each.code === 'string' ? each.code : '';
    if (connectionCodes.has(code) || connectionClasses.some((prefix) => code.startsWith(prefix))) {
      return unavailableError(error);
    }
  }
  return null;
}

/**
 * Whether the failure has ended the connection. Of the server's own errors, only connection and
 * shutdown errors do.
 */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error);
  return error instanceof Error && (state === null ? 'code' in error : state.startsWith('08') || state.startsWith('57P'));
}

export function unavailableError(cause: unknown): TidingsError {
  return new TidingsError('UNAVAILABLE', 'The database cannot be reached now. Repeating the request later is safe.', {
    cause,
    retryAfterMs,
  });
}

/** About the time that a restart of the database takes. */
const retryAfterMs = 1000;

/**
 * The LIMIT_EXCEEDED error for a statement cancelled by its timeout of `ms` milliseconds, or null
 * for any other failure.
 */
export function asTimeLimitExceeded(error: unknown, ms: number): TidingsError | null {
  return sqlState(error) === '57014' ? timeLimitExceeded(ms, error) : null;
}

export function timeLimitExceeded(ms: number, cause?: unknown): TidingsError {
  const message = `The query exceeded the statement timeout of ${ms} ms. Narrow the filter by id, event name, resource, label or time.`;
  return new TidingsError('LIMIT_EXCEEDED', message, { cause });
}

/** Of a read whose client has left. */
export function cancelledError(): TidingsError {
  return new TidingsError('CANCELLED', 'The client has left before the operation was complete.');
}

/** Whether the server, or the operating system of this process, allows no further connection. */
export function isOutOfConnections(error: unknown): boolean {
  if (sqlState(error) === tooManyConnections) return true;
  return error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
}

const tooManyConnections = '53300';

/**
 * The UNAVAILABLE error for a statement that tidings.check_program rejected, or null for any other
 * failure. A retry reaches another process, since this one stops.
 */
export function asOutdated(error: unknown): TidingsError | null {
  if (sqlState(error) !== 'TD002') return null;
  return new TidingsError('UNAVAILABLE', 'The database was migrated by a newer version of Tidings, and this process stops.', {
    cause: error,
    retryAfterMs,
  });
}

/** The SQLSTATE of the first database error in the chain of causes; null: there is none. */
export function sqlState(error: unknown): string | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string' && /^[0-9A-Z]{5}$/.test(each.code) && isServerError(each, each.code))
      return each.code;
  }
  return null;
}

/**
 * System codes such as EPIPE look like states without a digit. Only an error of the server has a
 * severity.
 */
function isServerError(error: Error, code: string): boolean {
  return /\d/.test(code) || 'severity' in error;
}

const connectionCodes: ReadonlySet<string> = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE', // this process, or the machine, has no file descriptor left
  'ENFILE',
  'EADDRNOTAVAIL', // no local port is free
  otherServerCode,
  '57P01', // the administrator ended the connection
  '57P02', // the server crashed
  '57P03', // the server is starting or stopping
  '57P04', // the database was dropped, on a standby by the primary
  '3D000', // the database does not exist, perhaps until a backup is restored
  '57P05', // the session was idle for too long
  '25006', // the address now leads to a standby
  'TD004', // tidings.undecided_after: a writer is about to take its lock, and does not
  'TD003', // tidings.check_writer: another process is migrating the database
  '40001', // a standby cancelled the statement: it conflicts with what was replayed
]);

/**
 * SQLSTATE classes: connection exception, insufficient resources (disk full, too many connections).
 */
const connectionClasses = ['08', '53'] as const;
