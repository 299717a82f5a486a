import { stringifyJson } from '../json/stringify-json.ts';
import { TidingsError } from '../errors.ts';
import { type Instant, parseInstant, toMicros } from '../event/instant.ts';
import { unstorableReason } from '../event/text.ts';
import type { EventFilterInput } from '../filter/parse/filter-input.ts';
import type { FilterBounds } from '../filter/parse/parse-context.ts';
import { parsePermissionFilter } from '../filter/parse/parse-filter.ts';
import { insertKey, readKeys, revokeKey, type StoredKey } from '../store/api-keys.ts';
import type { Database } from '../store/database/database.ts';
import type { ApiKeyCache } from './api-key-cache.ts';
import { checkNotEnded, type Caller, type Permission } from './caller.ts';
import { newSecret } from './secret.ts';

/** Creates, lists and revokes keys. Callers of these methods check the permission. */
export interface ApiKeys {
  /** Returns the secret, which is not stored. Throws BAD_USER_INPUT and BAD_FILTER. */
  create(request: KeyRequest): Promise<CreatedKey>;
  /**
   * The key of a caller; null if the server requires none. Throws UNAUTHENTICATED if the key has
   * ended.
   */
  of(caller: Caller): StoredKey | null;
  /** All keys, also revoked and expired ones, oldest first. */
  list(): Promise<readonly StoredKey[]>;
  /**
   * When it returns, this process rejects the key; the others do within two seconds. Throws
   * BAD_USER_INPUT for an unknown key.
   */
  revoke(id: string): Promise<StoredKey>;
}

export interface KeyRequest {
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly filter?: EventFilterInput | null | undefined;
  readonly emitPrefix?: string | null | undefined;
  /** An RFC 3339 time. */
  readonly expires?: string | null | undefined;
}

export interface CreatedKey {
  readonly key: StoredKey;
  readonly secret: string;
}

export interface ApiKeysParts {
  readonly database: Database;
  readonly cache: ApiKeyCache;
  readonly limits: FilterBounds;
}

export function createApiKeys({ database, cache, limits }: ApiKeysParts): ApiKeys {
  return {
    async create({ name, permissions, filter = null, emitPrefix = null, expires = null }) {
      if (!isText(name, maxNameLength)) throw expected('name', `a string of 1 to ${maxNameLength} characters`, name);
      if (permissions.length === 0) throw expected('permissions', 'at least one of EMIT, READ and ADMIN', permissions);
      if (emitPrefix !== null && !isText(emitPrefix, maxPrefixLength)) {
        throw expected('emitPrefix', `a string of 1 to ${maxPrefixLength} characters`, emitPrefix);
      }
      if (filter !== null) parsePermissionFilter(filter, ['input', 'filter'], limits);
      const { id, text, hash } = newSecret();
      const expiry = expires === null ? null : futureInstant(expires);
      const key = await insertKey(database, {
        id,
        name,
        hash,
        permissions: [...new Set(permissions)],
        filter: filter === null ? null : stringifyJson(filter),
        emitPrefix,
        expires: expiry,
      });
      await cache.refresh();
      return { key, secret: text };
    },
    of(caller) {
      checkNotEnded(caller);
      return cache.keyOf(caller);
    },
    list: () => readKeys(database),
    async revoke(id) {
      const key = unstorableReason(id) === null ? await revokeKey(database, id) : null;
      if (key === null) throw new TidingsError('BAD_USER_INPUT', `id: there is no key ${JSON.stringify(id)}`, { path: ['id'] });
      await cache.refresh();
      return key;
    },
  };
}

function isText(text: string, maxLength: number): boolean {
  return text.length >= 1 && text.length <= maxLength && unstorableReason(text) === null;
}

function futureInstant(text: string): Instant {
  const instant = parseInstant(text);
  if (instant !== null && toMicros(instant) > BigInt(Date.now()) * 1000n) return instant;
  throw expected('expires', 'a time in the future, such as 2027-01-31T00:00:00Z', text);
}

function expected(field: string, expectation: string, got: unknown): TidingsError {
  const message = `input.${field}: expected ${expectation}, got ${JSON.stringify(got)}`;
  return new TidingsError('BAD_USER_INPUT', message, { path: ['input', field] });
}

const maxNameLength = 255;
const maxPrefixLength = 1024;
