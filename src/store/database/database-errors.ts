import { TidingsError } from '../../errors.ts';

/**
 * The UNAVAILABLE error for a failure to reach the database, or null for any other failure. Whether a statement under
 * way was carried out is then unknown.
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

/** Whether after this failure a connection is of no use any more. Of a server's own errors, only those that end it say so. */
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

/** A database that restarts takes about so long. */
const retryAfterMs = 1000;

/** The LIMIT_EXCEEDED error for a statement that the database gave up after `ms` milliseconds, or null for any other failure. */
export function asTimeLimitExceeded(error: unknown, ms: number): TidingsError | null {
  return sqlState(error) === '57014' ? timeLimitExceeded(ms, error) : null;
}

export function timeLimitExceeded(ms: number, cause?: unknown): TidingsError {
  const message = `The database was given ${ms} ms for this, which were not enough. Narrow it: by an id, a name, a resource, a label, or a time.`;
  return new TidingsError('LIMIT_EXCEEDED', message, { cause });
}

/** The SQLSTATE of a database error, wherever in the chain of causes it stands. */
export function sqlState(error: unknown): string | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string' && /^[0-9A-Z]{5}$/.test(each.code) && isServerError(each, each.code))
      return each.code;
  }
  return null;
}

/** EPIPE and other codes of the system look like states without a digit, which only a server's error may have. */
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
  '57P01', // the administrator ended the connection
  '57P02', // the server crashed
  '57P03', // the server is starting or stopping
  '25006', // the address leads to a standby now
]);

/** SQLSTATE classes: connection exception, insufficient resources (disk full, too many connections). */
const connectionClasses = ['08', '53'] as const;
