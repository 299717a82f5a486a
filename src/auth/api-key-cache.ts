import type { Logger } from 'pino';
import { coalescedRead } from '../concurrency/coalesce.ts';
import { TidingsError } from '../errors.ts';
import { instantOf, toMicros } from '../event/instant.ts';
import type { FilterBounds } from '../filter/parse/parse-context.ts';
import { readKeys, readKeysVersion, type StoredKey } from '../store/api-keys.ts';
import type { Database } from '../store/database/database.ts';
import { sleep } from '../concurrency/sleep.ts';
import { callerForKey } from './caller-for-key.ts';
import { anonymous, allPermissions, type Caller } from './caller.ts';
import { hashOf, readSecret, sameHash, secretIn } from './secret.ts';

/**
 * The API keys as this process knows them.
 *
 * Assumes: keys are created and revoked, never changed.
 * Guarantees: a key that any process created is accepted at once, because an unknown key is looked
 * up. A key that was revoked or has expired ends within two seconds while the database can be
 * reached: its caller's `ended` aborts. A server that never had a key, and no TIDINGS_ADMIN_KEY, is
 * open: every caller is anonymous, with all permissions. The first key ends that, also for
 * connections that are open.
 * Does not guarantee: changes while the database cannot be reached; keys then stay as they were.
 */
export interface ApiKeyCache extends Callers, AsyncDisposable {
  readonly isOpen: boolean;
  /** Reads changes now. */
  refresh(): Promise<void>;
  /** The key of a caller; null if it has none. */
  keyOf(caller: Caller): StoredKey | null;
}

/** Identifies callers. */
export interface Callers {
  /**
   * By the value of an `Authorization` header; see `secretIn` for its forms. Throws
   * UNAUTHENTICATED.
   */
  identify(authorization: string | undefined): Promise<Caller>;
}

export interface ApiKeyCacheParts {
  readonly database: Database;
  readonly logger: Logger;
}

export interface ApiKeyCacheSettings {
  /** A secret with all permissions that is not in the database; null: none. */
  readonly adminKey: string | null;
  readonly limits: FilterBounds;
}

/** Reads the keys, and then their changes every `refreshIntervalMs`. */
export async function startApiKeyCache(parts: ApiKeyCacheParts, settings: ApiKeyCacheSettings): Promise<ApiKeyCache> {
  const cache = new DatabaseApiKeyCache(parts, settings);
  await cache.refresh();
  cache.start();
  return cache;
}

interface Entry {
  readonly key: StoredKey;
  readonly caller: Caller;
  readonly end: () => void;
}

class DatabaseApiKeyCache implements ApiKeyCache {
  private readonly stopping = new AbortController();
  private readonly anonymousAccess = endable(anonymous);
  private readonly admin: { readonly key: StoredKey; readonly caller: Caller } | null;
  private readonly entries = new Map<string, Entry>();
  private version = '';
  private running = Promise.resolve();
  /** Coalesced, so that many guessed keys at once cost one statement. */
  readonly refresh = coalescedRead(() => this.reload());

  constructor(
    private readonly parts: ApiKeyCacheParts,
    private readonly settings: ApiKeyCacheSettings,
  ) {
    this.admin = settings.adminKey === null ? null : adminAccess(settings.adminKey);
  }

  get isOpen(): boolean {
    return this.admin === null && this.entries.size === 0;
  }

  async identify(authorization: string | undefined): Promise<Caller> {
    if (this.isOpen) return this.anonymousAccess.caller;
    const text = secretIn(authorization);
    if (text === null) {
      throw new TidingsError('UNAUTHENTICATED', 'expected an API key in the header "Authorization: Bearer <key>", got none');
    }
    if (this.admin !== null && sameHash(hashOf(text), this.admin.key.hash)) return this.admin.caller;
    const secret = readSecret(text);
    if (secret !== null && !this.entries.has(secret.id)) await this.refresh();
    const entry = secret === null ? undefined : this.entries.get(secret.id);
    if (secret === null || entry === undefined || !sameHash(secret.hash, entry.key.hash) || hasEnded(entry.key)) throw invalidKey();
    return entry.caller;
  }

  keyOf({ keyId }: Caller): StoredKey | null {
    if (keyId === null) return null;
    return this.admin !== null && keyId === this.admin.key.id ? this.admin.key : (this.entries.get(keyId)?.key ?? null);
  }

  private async reload(): Promise<void> {
    const version = await readKeysVersion(this.parts.database);
    if (version !== this.version) {
      for (const key of await readKeys(this.parts.database)) this.setEntry(key);
      this.version = version;
    }
    for (const { key, end } of this.entries.values()) if (hasEnded(key)) end();
    if (!this.isOpen) this.anonymousAccess.end();
  }

  start(): void {
    this.running = this.run(this.stopping.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(signal: AbortSignal): Promise<void> {
    for (let failed = false; !signal.aborted; await sleep(refreshIntervalMs, signal)) {
      try {
        await this.refresh();
        failed = false;
      } catch (error) {
        if (!failed) this.parts.logger.warn({ err: error }, 'the API keys cannot be read; the known ones stay valid');
        failed = true;
      }
    }
  }

  private setEntry(key: StoredKey): void {
    const known = this.entries.get(key.id);
    const { caller, end } = known ?? endable(callerForKey(key, this.settings.limits, this.parts.logger));
    this.entries.set(key.id, { key, caller, end });
  }
}

/**
 * The key of TIDINGS_ADMIN_KEY, which is not stored; its `created` is the start of this process.
 */
function adminAccess(secret: string): { readonly key: StoredKey; readonly caller: Caller } {
  const nowMs = Date.now();
  const key: StoredKey = {
    id: 'admin',
    name: 'TIDINGS_ADMIN_KEY',
    hash: hashOf(secret),
    permissions: allPermissions,
    filter: null,
    emitPrefix: null,
    created: instantOf(Math.floor(nowMs / 1000), (nowMs % 1000) * 1000),
    expires: null,
    revoked: null,
  };
  return { key, caller: endable({ ...anonymous, keyId: key.id, name: key.name, permissions: new Set(allPermissions) }).caller };
}

/**
 * A copy of a caller whose `ended` aborts when `end` is called. Very many connections listen to it, by
 * `abortListeners`.
 */
function endable(caller: Caller): { readonly caller: Caller; readonly end: () => void } {
  const ending = new AbortController();
  return { caller: { ...caller, ended: ending.signal }, end: () => ending.abort() };
}

function hasEnded({ revoked, expires }: StoredKey): boolean {
  return revoked !== null || (expires !== null && toMicros(expires) <= BigInt(Date.now()) * 1000n);
}

function invalidKey(): TidingsError {
  return new TidingsError('UNAUTHENTICATED', 'The API key is unknown, expired or revoked.');
}

const refreshIntervalMs = 1000;
