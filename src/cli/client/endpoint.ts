import { TidingsError } from '../../errors.ts';
import { readKey } from '../../settings.ts';

/** The GraphQL endpoint of a server. */
export interface Endpoint {
  /** The address in messages. */
  readonly displayUrl: string;
  readonly http: string;
  /** The API key; null: none. */
  readonly key: string | null;
}

/** The address of a server with default settings. */
export const defaultUrl = 'http://127.0.0.1:4000';

/** The help of `--url`. */
export const urlMeaning = 'Address of the server. TIDINGS_KEY has the API key, if the server requires one.';

/** Reads `--url`: the address of a server, with or without `/graphql`. */
export function readEndpoint(given: string, key = readKey(process.env)): Endpoint {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TidingsError('BAD_USER_INPUT', `--url: expected an address such as ${defaultUrl}, got ${JSON.stringify(given)}.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TidingsError('BAD_USER_INPUT', '--url: expected an address without user name and password; set TIDINGS_KEY instead.');
  }
  const displayUrl = `${url.origin}${url.pathname.replace(/\/$/, '')}`;
  url.pathname = url.pathname.replace(/(?:\/graphql)?\/?$/, '/graphql');
  return { displayUrl, http: url.href, key };
}
