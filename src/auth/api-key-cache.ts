import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { TidingsError } from '../errors.ts';
import type { FilterBounds } from '../filter/parse/parse-context.ts';
import { instantOf, toMicros } from '../event/instant.ts';
import { readKeys, readKeysVersion, type StoredKey } from '../store/api-keys.ts';
import type { Database } from '../store/database/database.ts';
import { coalescedRead } from '../concurrency/coalesce.ts';
import { anonymous, allPermissions, type Caller } from './caller.ts';
import { callerForKey } from './caller-for-key.ts';
import { hashOf, readSecret, sameHash, secretIn } from './secret.ts';

/**
 * The keys that let callers in, as this process knows them.
 *
 * Assumes: keys are added and revoked, never changed. Promises: a key that some process made is good here at once, since
 * one that is not known is looked for; one that was revoked or has expired ends within two seconds, as long as the database
 * answers: its caller's `ended` aborts. A server that never had a key, nor TIDINGS_ADMIN_KEY, is open: everybody is anyone;
 * with the first key that is over, also for those who are there. While the database is away keys are what they were.
 */
export interface ApiKeyCache extends Callers, AsyncDisposable {
  readonly isOpen: boolean;
  /** Looks for changes now. */
  refresh(): Promise<void>;
  /** The key that a caller was identified by; null: none. */
  keyOf(caller: Caller): StoredKey | null;
}

/** Tells who asks. */
export interface Callers {
  /** By an `Authorization` header, or what stands for one, see auth/secret. Throws UNAUTHENTICATED. */
  identify(authorization: string | undefined): Promise<Caller>;
}

export interface ApiKeyCacheParts {
  readonly database: Database;
  readonly logger: Logger;
}

export interface ApiKeyCacheSettings {
  /** A secret that is good whatever the database says; null: none. */
  readonly adminKey: string | null;
  readonly limits: FilterBounds;
}

/** Reads the keys, and goes on reading what becomes of them. */
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
  /** Guesses of keys that come at once become one statement. */
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
    if (text === null) throw new TidingsError('UNAUTHENTICATED', 'expected a key, in the header "Authorization: Bearer …", got none');
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
    for (let failed = false; !signal.aborted; await pause(refreshIntervalMs, undefined, { signal }).catch(() => undefined)) {
      try {
        await this.refresh();
        failed = false;
      } catch (error) {
        if (!failed) this.parts.logger.warn({ err: error }, 'the keys cannot be read for now');
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

/** The key of the setting, which is not stored; its `created` is the start of this process. */
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

/** A caller that can be ended. */
function endable(caller: Caller): { readonly caller: Caller; readonly end: () => void } {
  const ending = new AbortController();
  setMaxListeners(0, ending.signal); // one for each socket
  return { caller: { ...caller, ended: ending.signal }, end: () => ending.abort() };
}

function hasEnded({ revoked, expires }: StoredKey): boolean {
  return revoked !== null || (expires !== null && toMicros(expires) <= BigInt(Date.now()) * 1000n);
}

function invalidKey(): TidingsError {
  return new TidingsError('UNAUTHENTICATED', 'The key is not known here, was revoked, or has expired.');
}

/** Milliseconds between two looks at what has become of the keys. */
const refreshIntervalMs = 1000;
