import { TidingsError } from '../errors.ts';
import type { FilterBounds } from '../filter/parse/parse-context.ts';
import { type Instant, parseInstant, toMicros } from '../event/instant.ts';
import { parseFilter } from '../filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../filter/parse/filter-input.ts';
import { unstorable } from '../event/text.ts';
import { insertKey, readKeys, revokeKey, type StoredKey } from '../store/api-keys.ts';
import type { Database } from '../store/database/database.ts';
import type { Right } from './caller.ts';
import type { KeyRing } from './api-key-cache.ts';
import { newSecret } from './secret.ts';

/** Makes keys, lists and revokes them. Who may do that is asked elsewhere. */
export interface Keys {
  /** The secret is told here and never again. Throws BAD_USER_INPUT and BAD_FILTER. */
  create(request: KeyRequest): Promise<CreatedKey>;
  /** Every key there ever was, the oldest first. */
  list(): Promise<readonly StoredKey[]>;
  /** From when it returns, the key is of no use here, and within two seconds nowhere. Throws BAD_USER_INPUT when there is no such key. */
  revoke(id: string): Promise<StoredKey>;
}

export interface KeyRequest {
  readonly name: string;
  readonly may: readonly Right[];
  readonly filter?: EventFilterInput | null | undefined;
  readonly emitPrefix?: string | null | undefined;
  /** An RFC 3339 time. */
  readonly expires?: string | null | undefined;
}

export interface CreatedKey {
  readonly key: StoredKey;
  readonly secret: string;
}

export interface KeysParts {
  readonly database: Database;
  readonly ring: KeyRing;
  readonly limits: FilterBounds;
}

export function createKeys({ database, ring, limits }: KeysParts): Keys {
  return {
    async create({ name, may, filter = null, emitPrefix = null, expires = null }) {
      if (!isText(name, longestName)) throw expected('name', `a text of 1 to ${longestName} characters`, name);
      if (may.length === 0) throw expected('may', 'at least one of EMIT, READ and ADMIN', may);
      if (emitPrefix !== null && !isText(emitPrefix, longestPrefix)) {
        throw expected('emitPrefix', `a text of 1 to ${longestPrefix} characters`, emitPrefix);
      }
      parseFilter(filter, ['input', 'filter'], limits);
      const { id, text, hash } = newSecret();
      const until = expires === null ? null : futureInstant(expires);
      const key = await insertKey(database, { id, name, hash, may: [...new Set(may)], filter, emitPrefix, expires: until });
      await ring.refresh();
      return { key, secret: text };
    },
    list: () => readKeys(database),
    async revoke(id) {
      const key = unstorable(id) === null ? await revokeKey(database, id) : null;
      if (key === null) throw new TidingsError('BAD_USER_INPUT', `id: there is no key ${JSON.stringify(id)}`, { path: ['id'] });
      await ring.refresh();
      return key;
    },
  };
}

function isText(text: string, longest: number): boolean {
  return text.length >= 1 && text.length <= longest && unstorable(text) === null;
}

function futureInstant(text: string): Instant {
  const instant = parseInstant(text);
  if (instant !== null && toMicros(instant) > BigInt(Date.now()) * 1000n) return instant;
  throw expected('expires', 'a time to come, such as 2027-01-31T00:00:00Z', text);
}

function expected(field: string, expectation: string, got: unknown): TidingsError {
  const message = `input.${field}: expected ${expectation}, got ${JSON.stringify(got)}`;
  return new TidingsError('BAD_USER_INPUT', message, { path: ['input', field] });
}

const longestName = 255;
const longestPrefix = 1024;
