import { TidingsError } from '../errors.ts';
import { everything, type Condition } from '../filter/filter.ts';

/** Who asks, and what they may. Every door finds it out once, and hands it to all that it calls. */
export interface Caller {
  /** The key's id; null where there is none: the server is open, or speaks for itself. */
  readonly keyId: string | null;
  /** For logs and people, never for decisions. */
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
  /** The events that exist for it: what does not match is, whatever it asks, as if it were not stored. */
  readonly visibilityFilter: Condition;
  /** What the id of every event's primary resource begins with that it may emit; null: anything. */
  readonly emitPrefix: string | null;
  /** Aborts when the key is revoked or expires. Then what is open for it ends, and nothing more is stored for it. */
  readonly ended: AbortSignal;
}

/** Who asks, and from where. */
export interface Client {
  readonly caller: Caller;
  /** The address of the other end. */
  readonly address: string;
  /** What the logs call the request, or the WebSocket. */
  readonly requestId: string;
}

export const allPermissions = ['emit', 'read', 'admin'] as const;
export type Permission = (typeof allPermissions)[number];

/** Whoever reaches a server that has no keys, which only listens to its own machine. */
export const anonymous: Caller = {
  keyId: null,
  name: 'anyone',
  permissions: new Set(allPermissions),
  visibilityFilter: everything,
  emitPrefix: null,
  ended: new AbortController().signal,
};

/** The server, where it tells of itself. */
export const system: Caller = { ...anonymous, name: 'tidings' };

/** Sees and may nothing. */
export const unauthenticated: Caller = { ...anonymous, name: 'nobody', permissions: new Set(), visibilityFilter: { kind: 'any', of: [] } };

/** Throws FORBIDDEN, or UNAUTHENTICATED when the key has ended meanwhile. */
export function requirePermission(caller: Caller, permission: Permission): void {
  checkNotEnded(caller);
  if (!caller.permissions.has(permission)) {
    throw new TidingsError(
      'FORBIDDEN',
      `The key ${JSON.stringify(caller.name)} may not ${permission}. Use a key that was made with --permissions ${permission}.`,
    );
  }
}

/** Throws UNAUTHENTICATED when the caller's key was revoked or has expired. */
export function checkNotEnded(caller: Caller): void {
  if (caller.ended.aborted) throw new TidingsError('UNAUTHENTICATED', 'The key was revoked or has expired. Ask for a new one.');
}

export declare const visible: unique symbol;
