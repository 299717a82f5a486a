import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * A key's secret: `tidings_`, the key's id, and 256 random bits. The prefix lets scanners recognise
 * a leaked one.
 */
export interface Secret {
  /** Identifies the key; not secret by itself. */
  readonly id: string;
  readonly text: string;
  /** SHA-256 of the text. */
  readonly hash: Uint8Array;
}

export function newSecret(): Secret {
  const id = randomBytes(6).toString('hex');
  const text = `tidings_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, text, hash: hashOf(text) };
}

/** Null if the text does not have the form of a secret. */
export function readSecret(text: string): Secret | null {
  const [, id] = /^tidings_([0-9a-f]{12})_[\w-]{43}$/.exec(text) ?? [];
  return id === undefined ? null : { id, text, hash: hashOf(text) };
}

export function hashOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** Takes the same time for every difference. */
export function sameHash(one: Uint8Array, other: Uint8Array): boolean {
  return timingSafeEqual(one, other);
}

/**
 * The secret in an `Authorization` value: `Bearer` and the secret; `Basic` and the base64 of the
 * secret, alone or after a name and a colon, as Prefect's clients send it; or the secret alone.
 * Null if there is none.
 */
export function secretIn(authorization: string | undefined): string | null {
  const [, scheme, rest] = /^(?:(bearer|basic) +)?(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (rest === undefined) return null;
  return scheme?.toLowerCase() === 'basic' ? afterColon(Buffer.from(rest, 'base64').toString()) : rest;
}

/** The whole text if it has no colon. */
function afterColon(text: string): string {
  return text.slice(text.indexOf(':') + 1);
}
