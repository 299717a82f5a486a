import { TidingsError } from './client-error.ts';

export type Key = string | (() => string | Promise<string>);

/** The API key of all requests of a client. */
export interface KeySource {
  /** The value of `authorization`; null: no key. Asks the function once for all that wait. */
  authorization(): Promise<string | null>;
  /**
   * The server rejected this value. Returns whether another one can be had: the function is asked
   * again. Requests that were rejected with an earlier value share the new one.
   */
  replace(rejected: string | null): boolean;
}

export function createKeySource(key: Key | undefined): KeySource {
  let current: Promise<string> | null = null;
  let known: string | null = null;
  const ask = async (): Promise<string> => {
    try {
      known = `Bearer ${typeof key === 'function' ? await key() : String(key)}`;
      return known;
    } catch (cause) {
      current = null;
      throw new TidingsError('UNAVAILABLE', `The option key returned no key: ${String(cause)}`, { cause });
    }
  };
  return {
    authorization: async () => (key === undefined ? null : await (current ??= ask())),
    replace(rejected) {
      if (typeof key !== 'function') return false;
      if (known === rejected) current = null;
      return true;
    },
  };
}
