import { TidingsError } from '../errors.ts';
import { everything, type Condition } from '../filter/filter.ts';

/** Who asks, and what they may. Every door finds it out once, and hands it to all that it calls. */
export interface Caller {
  /** The key's id; null where there is none: the server is open, or speaks for itself. */
  readonly keyId: string | null;
  /** For logs and people, never for decisions. */
  readonly name: string;
  readonly may: ReadonlySet<Right>;
  /** The events that exist for it: what does not match is, whatever it asks, as if it were not stored. */
  readonly sees: Condition;
  /** What the id of every event's primary resource begins with that it may emit; null: anything. */
  readonly emitPrefix: string | null;
  /** Aborts when the key is revoked or expires. Then what is open for it ends, and nothing more is stored for it. */
  readonly ended: AbortSignal;
}

/** Who asks, and from where. */
export interface Asker {
  readonly caller: Caller;
  /** The address of the other end. */
  readonly address: string;
  /** What the logs call the request, or the WebSocket. */
  readonly requestId: string;
}

export const rights = ['emit', 'read', 'admin'] as const;
export type Right = (typeof rights)[number];

/** Whoever reaches a server that has no keys, which only listens to its own machine. */
export const anyone: Caller = {
  keyId: null,
  name: 'anyone',
  may: new Set(rights),
  sees: everything,
  emitPrefix: null,
  ended: new AbortController().signal,
};

/** The server, where it tells of itself. */
export const itself: Caller = { ...anyone, name: 'tidings' };

/** Sees and may nothing. */
export const nobody: Caller = { ...anyone, name: 'nobody', may: new Set(), sees: { kind: 'any', of: [] } };

/** Throws FORBIDDEN, or UNAUTHENTICATED when the key has ended meanwhile. */
export function requireRight(caller: Caller, right: Right): void {
  checkNotEnded(caller);
  if (!caller.may.has(right)) {
    throw new TidingsError(
      'FORBIDDEN',
      `The key ${JSON.stringify(caller.name)} may not ${right}. Use a key that was made with --may ${right}.`,
    );
  }
}

/** Throws UNAUTHENTICATED when the caller's key was revoked or has expired. */
export function checkNotEnded(caller: Caller): void {
  if (caller.ended.aborted) throw new TidingsError('UNAUTHENTICATED', 'The key was revoked or has expired. Ask for a new one.');
}

export declare const seen: unique symbol;
