import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A key's secret: `tidings_`, the key's id, and 256 random bits. Whoever finds one somewhere sees what it is. */
export interface Secret {
  /** Tells keys apart; no secret by itself. */
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

/** Null when the text is no key's secret. */
export function readSecret(text: string): Secret | null {
  const [, id] = /^tidings_([0-9a-f]{12})_[\w-]{43}$/.exec(text) ?? [];
  return id === undefined ? null : { id, text, hash: hashOf(text) };
}

export function hashOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** Takes the same time whatever the difference. */
export function sameHash(one: Uint8Array, other: Uint8Array): boolean {
  return timingSafeEqual(one, other);
}

/**
 * The secret that somebody gives for authorization: `Bearer` and the secret, `Basic` and the base64 of it, by itself or
 * behind a name and a colon, as Prefect's clients send it, or the secret alone. Null when there is none.
 */
export function secretIn(authorization: string | undefined): string | null {
  const [, scheme, rest] = /^(?:(bearer|basic) +)?(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (rest === undefined) return null;
  return scheme?.toLowerCase() === 'basic' ? afterColon(Buffer.from(rest, 'base64').toString()) : rest;
}

/** A secret, which may stand behind a name and a colon. */
function afterColon(text: string): string {
  return text.slice(text.indexOf(':') + 1);
}
