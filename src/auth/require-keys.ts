import { TidingsError } from '../errors.ts';

/** Throws CANNOT_START for a server that would let in whoever reaches it from another machine. */
export function requireKeys({ isOpen }: { readonly isOpen: boolean }, host: string): void {
  if (!isOpen || isLoopback(host)) return;
  throw new TidingsError(
    'CANNOT_START',
    `HOST: on ${host || 'every address'} whoever reaches the server would be let in, since it has no keys. Make one with ` +
      '"npm run tidings -- keys create NAME --permissions emit,read,admin" and the same settings, or set TIDINGS_ADMIN_KEY to one; or leave HOST at 127.0.0.1.',
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
