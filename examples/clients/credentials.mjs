import { readFileSync } from 'node:fs';

/**
 * The headers, or connectionParams, of the next connection: with the key in TIDINGS_KEY_FILE, else without one.
 * The clients call it for each connection, so the key can be replaced before it expires.
 */
export function credentials() {
  const file = process.env.TIDINGS_KEY_FILE;
  return file ? { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` } : {};
}
