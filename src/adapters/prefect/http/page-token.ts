import { createHmac, timingSafeEqual } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Database } from '../../../store/database/database.ts';
import { serverSecret } from '../../../store/server-secret.ts';
import { HttpError } from '../../../transport/http-error.ts';

/** Where a page of events ended, and what it was a page of. */
export interface NextPage {
  /** As the client gave it. */
  readonly filter: unknown;
  readonly limit: number;
  readonly total: number;
  /** The log's head at which the first page was read, as a cursor: later ones are read there too. */
  readonly head: string;
  /** The cursor of the last event; of a page of distinct resources, the time and the resource of the last one. */
  readonly after: string | readonly [string, string];
}

/**
 * Tokens that name the next page. Promises: nobody but the servers of this database makes one that is accepted. They do not
 * let in anybody: what is shown is, on every page, what the caller sees.
 */
export interface PageTokens {
  format(page: NextPage): Promise<string>;
  /** Throws a 403 for a token that is not ours. */
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
      // A URL of more than Node's 16 KB of headers comes to nobody.
      if (token.length > maxTokenLength)
        throw new HttpError(422, 'filter: too long for a further page; name fewer values, or narrow it to one page');
      return token;
    },
    async parse(token) {
      const bytes = Buffer.from(token, 'base64url');
      const compressed = bytes.subarray(macBytes);
      const isAuthentic = bytes.length > macBytes && timingSafeEqual(bytes.subarray(0, macBytes), mac(await secret(), compressed));
      if (!isAuthentic || bytes.toString('base64url') !== token) throw new HttpError(403, 'page-token: expected one that this server gave');
      return JSON.parse(inflateRawSync(compressed).toString()) as NextPage;
    },
  };
}

function mac(secret: Buffer, compressed: Buffer): Buffer {
  return createHmac('sha256', secret).update(compressed).digest();
}

const macBytes = 32;
const maxTokenLength = 12_000;
