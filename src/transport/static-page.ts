import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isCompressed } from './compress.ts';
import { limitStall } from './sent-response.ts';

/** The bytes of a page, and of its compressed forms if it has them. `hash` identifies the content. */
export interface PageBytes {
  readonly plain: Uint8Array;
  readonly gzip: Uint8Array | null;
  readonly brotli?: Uint8Array | null;
  readonly hash: string;
}

/**
 * An HTML page, or a file of one, that is the same for every client.
 *
 * Guarantees: all responses share one copy of the bytes, so a client that does not read its
 * response costs no memory for it, and its connection is closed when no byte moves for a while. A
 * client that has the page gets a 304.
 */
export class StaticPage {
  /** `isImmutable`: another content has another address. */
  constructor(
    private readonly bytes: PageBytes,
    private readonly type = 'text/html; charset=utf-8',
    private readonly isImmutable = false,
  ) {}

  /** A page that is too short to be compressed. */
  static of(html: string): StaticPage {
    return new StaticPage({ plain: Buffer.from(html), gzip: null, hash: createHash('sha256').update(html).digest('base64url') });
  }

  send({ method, headers }: IncomingMessage, response: ServerResponse): void {
    const { plain, gzip, brotli = null, hash } = this.bytes;
    const accepted = headers['accept-encoding'];
    const coding =
      brotli !== null && isCompressed(plain.length, accepted, ['br'])
        ? 'br'
        : gzip !== null && isCompressed(plain.length, accepted)
          ? 'gzip'
          : null;
    const body = (coding === 'br' ? brotli : coding === 'gzip' ? gzip : null) ?? plain;
    const tag = `"${hash}${coding === null ? '' : `-${coding}`}"`;
    response.setHeader('etag', tag);
    response.appendHeader('vary', 'accept-encoding');
    // Else stored, but compared each time: another version may have been started.
    response.setHeader('cache-control', this.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (isRead(method) && hasTag(headers['if-none-match'], tag)) return void response.writeHead(304).end();
    if (coding !== null) response.setHeader('content-encoding', coding);
    response.writeHead(200, {
      'content-type': this.type,
      'content-length': body.length,
      'x-content-type-options': 'nosniff',
    });
    limitStall(response);
    response.end(body); // to HEAD, Node sends the headers only
  }
}

/** Whether a request only reads: GET or HEAD. */
export function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Whether `If-None-Match` names the tag. Its comparison ignores the mark of weak tags, which proxies add. */
function hasTag(given: string | undefined, tag: string): boolean {
  return given?.split(',').some((each) => ['*', tag].includes(each.trim().replace(/^W\//, ''))) ?? false;
}
