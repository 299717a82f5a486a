import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { HttpError, rejectRequest } from './http-error.ts';

/**
 * Which web pages may have a browser ask the server: its own, and those of the allowed origins.
 *
 * Assumes: browsers name the page in `Origin` with all but plain reads, and in `Sec-Fetch-*` with those; no page can keep
 * them from it. Promises: what a foreign page sends is refused before anything is read of it, be it a form, a script or a
 * WebSocket; a server without keys also refuses requests by a name that is not its machine's, by which a page can make
 * itself one of the server's own (DNS rebinding). Does not concern programs, which send no such headers.
 */
export interface OriginPolicy {
  /** Why a request is refused; null: it is not. */
  rejectionOf(request: IncomingMessage): string | null;
  /** False after the request was answered: it was refused, or a browser's question whether it may ask. */
  enforce(request: IncomingMessage, response: ServerResponse): boolean;
}

export interface OriginPolicySettings {
  /** Beside the server's own; null: none. */
  readonly allowedOrigins: readonly string[] | null;
}

export function createOriginPolicy({ allowedOrigins }: OriginPolicySettings, keys: { readonly isOpen: boolean }): OriginPolicy {
  const allowed = new Set(allowedOrigins ?? []);
  const allowedHosts = new Set([...allowed].map((origin) => new URL(origin).host));
  const rejectionOf = ({ headers }: IncomingMessage): string | null => {
    const { origin, host } = headers;
    if (keys.isOpen && host !== undefined && !isLoopbackHost(host) && !allowedHosts.has(host.toLowerCase())) {
      return `a server without keys answers to the names of its own machine, such as localhost, not to ${JSON.stringify(host.slice(0, maxShownCharacters))}; make a key`;
    }
    const isCrossOrigin = origin === undefined ? isCrossSiteSubresource(headers) : !allowed.has(origin) && !isSameOrigin(origin, host);
    return isCrossOrigin ? 'pages of other origins may not ask here; TIDINGS_ALLOWED_ORIGINS says which may' : null;
  };
  return {
    rejectionOf,
    enforce(request, response) {
      const rejection = rejectionOf(request);
      if (rejection !== null) {
        rejectRequest(response, new HttpError(403, rejection, { code: 'FORBIDDEN' }));
        return false;
      }
      const { origin } = request.headers;
      if (origin === undefined || !allowed.has(origin)) return true;
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', 'retry-after');
      response.setHeader('vary', 'origin');
      if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return true;
      response.writeHead(204, {
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-max-age': '600',
      });
      response.end();
      return false;
    },
  };
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  try {
    return new URL(origin).host === host?.toLowerCase();
  } catch {
    return false; // of some texts URL.canParse says that they can be parsed, and they cannot
  }
}

/** Of an image or a script in a page of somebody else's. Following a link is something that a person wants. */
function isCrossSiteSubresource(headers: IncomingHttpHeaders): boolean {
  const { 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode } = headers;
  return site !== 'same-origin' && site !== 'none' && mode !== 'navigate';
}

function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Characters of a name in a message. */
const maxShownCharacters = 100;
