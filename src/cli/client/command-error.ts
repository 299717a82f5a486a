import { GapError, type TidingsError as ClientError } from '../../client/tidings-client.ts';
import { TidingsError } from '../../errors.ts';
import { printable } from '../terminal/format-text.ts';
import type { Endpoint } from './endpoint.ts';
import { isErrorCode, networkFailureOf, notTidings } from './request.ts';

/** The error of a command for an error of the client package. */
export function commandErrorOf(error: ClientError, endpoint: Endpoint): TidingsError {
  if (isWrongAddress(error)) return notTidings(endpoint, networkFailureOf(error.cause).message);
  if (error.code === 'NOT_TIDINGS') return new TidingsError('UNAVAILABLE', `${printable(error.message)} Set --url to its address.`);
  if (error instanceof GapError) {
    const reason = error.reason === 'LOG_REPLACED' ? 'belongs to another log' : 'is before events that are no longer kept';
    return new TidingsError('CURSOR_EXPIRED', `The cursor ${error.from} ${reason}. To continue, use --after ${error.to}.`);
  }
  // Here, BAD_USER_INPUT means invalid arguments, which this program checks itself.
  const code = isErrorCode(error.code) && error.code !== 'BAD_USER_INPUT' ? error.code : 'UNAVAILABLE';
  return new TidingsError(code, printable(error.message));
}

/** Whether the connection failed for a reason that no retry corrects, such as a TLS error. */
export function isWrongAddress({ code, cause }: ClientError): boolean {
  return code === 'UNAVAILABLE' && cause !== undefined && !networkFailureOf(cause).isTemporary;
}

/** The innermost cause: messages of commands name the address already. */
export function reasonOf(error: ClientError): string {
  return printable(error.cause === undefined ? error.message : networkFailureOf(error.cause).message);
}
