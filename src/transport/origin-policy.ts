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
  /** Besides the server's own; `https://*.example.com` has every subdomain. Null: none. */
  readonly allowedOrigins: readonly string[] | null;
}

export function createOriginPolicy({ allowedOrigins }: OriginPolicySettings, keys: { readonly isOpen: boolean }): OriginPolicy {
  const origins = allowedOrigins ?? [];
  const isAllowed = matcherOf(origins);
  const isAllowedHost = matcherOf(origins.flatMap((origin) => /^https?:(.+)$/.exec(origin)?.[1] ?? []));
  return {
    rejectionOf({ headers }) {
      const { origin, host } = headers;
      if (keys.isOpen && host !== undefined && !isLoopbackHost(host) && !isAllowedHost(`//${host.toLowerCase()}`)) {
        return (
          `expected a loopback name as Host, such as localhost, since the server has no API keys, ` +
          `got ${JSON.stringify(host.slice(0, maxShownCharacters))}; create a key to serve other names`
        );
      }
      const isCrossOrigin = origin === undefined ? isCrossSiteSubresource(headers) : !isAllowed(origin) && !isSameOrigin(origin, host);
      return isCrossOrigin ? 'expected a page of the same origin, got another; add its origin to TIDINGS_ALLOWED_ORIGINS' : null;
    },
    answerPreflight(request, response) {
      if (origins.length > 0) response.appendHeader('vary', 'origin'); // also without an Origin: caches must not mix them up
      const { origin } = request.headers;
      if (origin === undefined || !isAllowed(origin)) return false;
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', exposedHeaders);
      const { 'access-control-request-method': method, 'access-control-request-headers': requested } = request.headers;
      if (request.method !== 'OPTIONS' || method === undefined) return false;
      response.appendHeader('vary', 'access-control-request-headers');
      response.writeHead(204, {
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': allowedHeaders(requested),
        'access-control-max-age': String(preflightCacheSeconds),
      });
      response.end();
      return true;
    },
  };
}

/** Whether an origin is one of the list, or a subdomain of one with `*`. */
function matcherOf(origins: readonly string[]): (origin: string) => boolean {
  const exact = new Set(origins.filter((origin) => !isWildcard(origin)));
  const wildcards = origins.filter(isWildcard).map((origin) => origin.split('*') as [string, string]);
  return (origin) =>
    exact.has(origin) ||
    wildcards.some(([before, after]) => {
      const labels = origin.slice(before.length, -after.length);
      return origin === `${before}${labels}${after}` && hostLabels.test(labels);
    });
}

function isWildcard(origin: string): boolean {
  return origin.includes('//*.');
}

/** Characters of a host name in `Origin`, where international names are in Punycode. */
const hostLabels = /^(?:[a-z0-9_-]{1,63}\.){0,126}[a-z0-9_-]{1,63}$/;

/**
 * All headers that a page of an allowed origin asks for, because the libraries in it add their own:
 * `traceparent`, `sentry-trace`, `apollographql-client-name`. None of them grants anything: browsers
 * send no cookies, since credentials are not allowed.
 */
function allowedHeaders(requested: string | undefined): string {
  return requested !== undefined && headerNames.test(requested) ? requested : 'authorization, content-type, last-event-id';
}

const headerNames = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;
/** Headers of responses that scripts of allowed origins can read. */
const exposedHeaders = 'retry-after, x-request-id';
/** The longest time that Chrome keeps a preflight. Every request is checked again. */
const preflightCacheSeconds = 7200;

/** An app's origin, such as `capacitor://localhost`, is never that of the server. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  try {
    const { protocol, host: own } = new URL(origin);
    return /^https?:$/.test(protocol) && own === host?.toLowerCase();
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
