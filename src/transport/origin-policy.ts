import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/**
 * Which web pages can make a browser send requests to the server: its own, and those of the allowed
 * origins. A resource isolation policy by `Origin` and Fetch Metadata
 * (https://web.dev/articles/fetch-metadata).
 *
 * Assumes: browsers send the page's origin in `Origin` with everything but plain reads, and
 * `Sec-Fetch-*` with those; no page can prevent or change that.
 * Guarantees: a request of a page of another origin is rejected before its body is read, be it a
 * form, a script or a WebSocket. A server without keys also rejects requests whose `Host` is not a
 * loopback name. Otherwise a page could resolve its own name to the server's address and pass as
 * one of its pages (DNS rebinding).
 * Does not guarantee: anything about programs, which do not send these headers.
 */
export interface OriginPolicy {
  /** Why a request is rejected; null: it is not. */
  rejectionOf(request: IncomingMessage): string | null;
  /**
   * Sets the CORS headers for an allowed origin. Returns whether the request was a preflight, which
   * is answered then.
   */
  answerPreflight(request: IncomingMessage, response: ServerResponse): boolean;
}

export interface OriginPolicySettings {
  /** Besides the server's own; null: none. */
  readonly allowedOrigins: readonly string[] | null;
}

export function createOriginPolicy({ allowedOrigins }: OriginPolicySettings, keys: { readonly isOpen: boolean }): OriginPolicy {
  const allowed = new Set(allowedOrigins ?? []);
  const allowedHosts = new Set([...allowed].map((origin) => new URL(origin).host));
  return {
    rejectionOf({ headers }) {
      const { origin, host } = headers;
      if (keys.isOpen && host !== undefined && !isLoopbackHost(host) && !allowedHosts.has(host.toLowerCase())) {
        return (
          `expected a loopback name as Host, such as localhost, since the server has no API keys, ` +
          `got ${JSON.stringify(host.slice(0, maxShownCharacters))}; create a key to serve other names`
        );
      }
      const isCrossOrigin = origin === undefined ? isCrossSiteSubresource(headers) : !allowed.has(origin) && !isSameOrigin(origin, host);
      return isCrossOrigin ? 'expected a page of the same origin, got another; add its origin to TIDINGS_ALLOWED_ORIGINS' : null;
    },
    answerPreflight(request, response) {
      const { origin } = request.headers;
      if (origin === undefined || !allowed.has(origin)) return false;
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', 'retry-after');
      response.setHeader('vary', 'origin');
      if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
      response.writeHead(204, {
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization, content-type, last-event-id',
        'access-control-max-age': '600',
      });
      response.end();
      return true;
    },
  };
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  try {
    return new URL(origin).host === host?.toLowerCase();
  } catch {
    return false; // URL.canParse is no alternative: it accepts some texts on which the constructor throws
  }
}

/**
 * An image or a script in a page of another origin. Navigations, such as a followed link, are
 * allowed.
 */
function isCrossSiteSubresource(headers: IncomingHttpHeaders): boolean {
  const { 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode } = headers;
  return site !== 'same-origin' && site !== 'none' && mode !== 'navigate';
}

function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Characters of a received name that a message repeats. */
const maxShownCharacters = 100;
