import { readKey } from '../../settings.ts';
import { TidingsError } from '../../errors.ts';

/** Where a server's GraphQL is. */
export interface Endpoint {
  /** The address to show. */
  readonly displayUrl: string;
  readonly http: string;
  readonly webSocket: string;
  /** What goes along as `authorization`; null: nothing. */
  readonly authorization: string | null;
}

/** The address that a server has when no setting says otherwise. */
export const defaultUrl = 'http://127.0.0.1:4000';

/** Reads `--url`: the address of a server, with or without the path of its GraphQL. The key is that of the environment. */
export function readEndpoint(given: string, key = readKey(process.env)): Endpoint {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TidingsError('BAD_USER_INPUT', `--url: expected an address such as ${defaultUrl}, got ${JSON.stringify(given)}.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TidingsError('BAD_USER_INPUT', '--url: expected an address without a user name and a password; leave them out.');
  }
  const displayUrl = `${url.origin}${url.pathname.replace(/\/$/, '')}`;
  url.pathname = url.pathname.replace(/(?:\/graphql)?\/?$/, '/graphql');
  const http = url.href;
  return { displayUrl, http, webSocket: http.replace(/^http/, 'ws'), authorization: key === null ? null : `Bearer ${key}` };
}
