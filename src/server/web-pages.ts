import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';

/**
 * What web pages may do here: browsers send requests for any page to any server, and open sockets, also to one's own machine.
 *
 * Promises: a request or socket that a browser opens for a page of another origin gets nothing done, unless the origin is
 * allowed; then its page may also read the answers. A server without keys is only reached by its own names: a page whose
 * name its owner lets point to this machine (DNS rebinding) is told apart by the name. Does not concern other programs,
 * which may say what they like; keys are for those.
 */
export interface WebPages {
  /** Why a request is refused; null: it may go on. */
  refusalOf(request: IncomingMessage): string | null;
  /** Lets an allowed page read the answer. True when the request was only a browser's question, and has been answered. */
  welcome(request: IncomingMessage, response: ServerResponse): boolean;
}

export interface WebPageParts {
  readonly allowedOrigins: readonly string[] | null;
  /** Whether the server takes requests without keys. */
  readonly isOpen: () => boolean;
}

export function createWebPages({ allowedOrigins, isOpen }: WebPageParts): WebPages {
  const allowed = new Set(allowedOrigins);
  const hosts = new Set([...allowed].map((origin) => new URL(origin).host));
  return {
    refusalOf({ headers }) {
      const { host, origin } = headers;
      if (isOpen() && host !== undefined && !isOwnName(host) && !hosts.has(host)) {
        return `expected localhost or an address in the header Host, since this server has no keys, got ${shown(host)}. ${howToAllow}`;
      }
      if (origin === undefined) return asksForOther(headers) ? `a page of another origin may not do this. ${howToAllow}` : null;
      if (isOf(origin, host) || allowed.has(origin)) return null;
      return `pages of the origin ${shown(origin)} may not use this server. ${howToAllow}`;
    },
    welcome({ method, headers }, response) {
      const { origin } = headers;
      response.setHeader('vary', 'origin');
      if (origin === undefined || !allowed.has(origin)) return false;
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', 'retry-after');
      if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false;
      response.writeHead(204, {
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-max-age': '600',
      });
      response.end();
      return true;
    },
  };
}

/** A page whose request carries no origin: an image, a script, a link's prefetch. Following a link is another thing. */
function asksForOther(headers: IncomingMessage['headers']): boolean {
  const site = headers['sec-fetch-site'];
  return (site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate';
}

/** Names that nobody else can let point elsewhere. */
function isOwnName(host: string): boolean {
  if (!URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

function isOf(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Of a client's text, what fits on a line. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

const howToAllow = 'To allow it, list its origin in TIDINGS_ALLOWED_ORIGINS.';
