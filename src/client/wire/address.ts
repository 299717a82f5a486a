import { TidingsError } from './client-error.ts';

/** Where a server is. */
export interface Address {
  /** For messages. */
  readonly shown: string;
  readonly http: string;
  readonly webSocket: string;
}

/** Reads the address of a server, with or without `/graphql`. Throws BAD_USER_INPUT. */
export function addressOf(given: string | URL): Address {
  const url = URL.canParse(String(given)) ? new URL(String(given)) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TidingsError('BAD_USER_INPUT', `url: expected an address such as http://127.0.0.1:4000, got ${JSON.stringify(given)}.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TidingsError('BAD_USER_INPUT', 'url: expected an address without user name and password; set the option key instead.');
  }
  const base = url.pathname.replace(/(?:\/graphql)?\/*$/, '');
  url.pathname = `${base}/graphql`;
  return { shown: `${url.origin}${base}`, http: url.href, webSocket: url.href.replace(/^http/, 'ws') };
}
