import { TidingsError } from '../errors.ts';
import { everything, type Condition } from '../filter/filter.ts';

/**
 * The identity behind a request, and its permissions. Each protocol determines it once and passes
 * it on.
 */
export interface Caller {
  /** The key's id; null without a key: the server is open, or acts itself. */
  readonly keyId: string | null;
  /** For logs and people, never for decisions. */
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
  /** Events that do not match it do not exist for this caller. */
  readonly visibilityFilter: Condition;
  /** The prefix of the primary resource's id in all events that it may emit; null: any. */
  readonly emitPrefix: string | null;
  /**
   * Aborts when the key is revoked or expires. Its connections then close, and nothing more is
   * stored for it.
   */
  readonly ended: AbortSignal;
}

/** A caller and its connection. */
export interface Client {
  readonly caller: Caller;
  /** The address of the connection's other end. */
  readonly address: string;
  /** The id of the request, or of the WebSocket, in the logs. */
  readonly requestId: string;
  /** For its reads of the database (Database.reads), which end when it leaves. */
  readonly reader: { readonly client: string; readonly signal: AbortSignal };
  /** The cursor of the last message that an event stream received before it was cut. */
  readonly lastEventId?: string;
  /** Bytes of its body or message. */
  readonly requestBytes?: number;
}

export const allPermissions = ['emit', 'read', 'admin'] as const;
export type Permission = (typeof allPermissions)[number];

/** Every caller of a server without keys, which listens on loopback only. */
export const anonymous: Caller = {
  keyId: null,
  name: 'anonymous',
  permissions: new Set(allPermissions),
  visibilityFilter: everything,
  emitPrefix: null,
  ended: new AbortController().signal,
};

/** The server itself, when it records events. */
export const system: Caller = { ...anonymous, name: 'tidings' };

/** Sees nothing and has no permission. */
export const unauthenticated: Caller = {
  ...anonymous,
  name: 'unauthenticated',
  permissions: new Set(),
  visibilityFilter: { kind: 'any', of: [] },
};

/** Throws FORBIDDEN, or UNAUTHENTICATED if the key has ended meanwhile. */
export function requirePermission(caller: Caller, permission: Permission): void {
  checkNotEnded(caller);
  if (!caller.permissions.has(permission)) {
    const name = JSON.stringify(caller.name);
    const advice = `Use a key that was created with --permissions ${permission}.`;
    throw new TidingsError('FORBIDDEN', `The key ${name} lacks the permission ${permission}. ${advice}`);
  }
}

/** Throws UNAUTHENTICATED if the caller's key was revoked or has expired. */
export function checkNotEnded(caller: Caller): void {
  if (caller.ended.aborted) throw new TidingsError('UNAUTHENTICATED', 'The key was revoked or has expired. Use another key.');
}
