import { TidingsError } from '../errors.ts';

/**
 * Throws CANNOT_START for a server without keys that would listen on another address than loopback.
 */
export function requireKeys({ isOpen }: { readonly isOpen: boolean }, host: string): void {
  if (!isOpen || isLoopback(host)) return;
  throw new TidingsError(
    'CANNOT_START',
    `HOST: expected a loopback address, since the server has no API keys, got ${host === '' ? 'every address' : host}. Create a key with ` +
      '"npm run tidings -- keys create NAME --permissions emit,read,admin" and the same settings, or set TIDINGS_ADMIN_KEY; or set HOST to 127.0.0.1.',
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
