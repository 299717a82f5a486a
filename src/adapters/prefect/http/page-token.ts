import { createHmac, timingSafeEqual } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Database } from '../../../store/database/database.ts';
import { serverSecret } from '../../../store/server-secret.ts';
import { HttpError } from '../../../transport/http-error.ts';

/** The state from which the next page is read. */
export interface NextPage {
  /** As received from the client. */
  readonly filter: unknown;
  readonly limit: number;
  readonly total: number;
  /** A cursor: the head at which the first page was read. Every page is read at it. */
  readonly head: string;
  /** Cursor of the last event; for distinct resources, time and resource id of the last event. */
  readonly after: string | readonly [string, string];
}

/**
 * Signed tokens for next pages.
 *
 * Guarantees: only servers of this database can create a token that is accepted.
 * Does not guarantee: that the bearer has access. Each page applies the caller's visibility filter.
 */
export interface PageTokens {
  format(page: NextPage): Promise<string>;
  /** Throws a 403 for a token that no server of this database signed. */
  parse(token: string): Promise<NextPage>;
}

export function createPageTokens(database: Database): PageTokens {
  let known: Promise<Buffer> | null = null;
  const secret = (): Promise<Buffer> =>
    (known ??= serverSecret(database, 'prefect page tokens').catch((error: unknown) => {
      known = null;
      throw error;
    }));
  return {
    async format(page) {
      const compressed = deflateRawSync(JSON.stringify(page));
      const token = Buffer.concat([mac(await secret(), compressed), compressed]).toString('base64url');
      // Node accepts at most 16 KB of headers, which include the URL.
      if (token.length > maxTokenLength)
        throw new HttpError(422, 'filter: too long for the URL of a next page; use fewer values, or narrow it to one page');
      return token;
    },
    async parse(token) {
      const bytes = Buffer.from(token, 'base64url');
      const compressed = bytes.subarray(macBytes);
      const isAuthentic = bytes.length > macBytes && timingSafeEqual(bytes.subarray(0, macBytes), mac(await secret(), compressed));
      if (!isAuthentic || bytes.toString('base64url') !== token)
        throw new HttpError(403, 'page-token: expected the token of a next_page URL of this server');
      return JSON.parse(inflateRawSync(compressed).toString()) as NextPage;
    },
  };
}

function mac(secret: Buffer, compressed: Buffer): Buffer {
  return createHmac('sha256', secret).update(compressed).digest();
}

const macBytes = 32;
const maxTokenLength = 12_000;
