/**
 * The keys of a JSON object in its order, as `Object.keys` returns them.
 *
 * Assumes: members of an object with very many of them are neither added nor removed afterwards.
 * Guarantees: the keys of such an object are listed once, or not at all if `parseJsonInSteps` made it.
 *
 * Why: V8 takes 20 ms for 100,000 keys, 80 on a busy machine, and cannot be interrupted. One event
 * is measured, validated, written and searched.
 */
export function keysOf(object: object): readonly string[] {
  const known = knownKeys.get(object);
  if (known !== undefined) return known;
  const keys = Object.keys(object);
  rememberKeys(object, keys);
  return keys;
}

/** Remembers the keys of an object if they take long to list. */
export function rememberKeys(object: object, keys: readonly string[]): void {
  if (keys.length > maxKeysInStep) knownKeys.set(object, keys);
}

const knownKeys = new WeakMap<object, readonly string[]>();

/** Listing more takes longer than a millisecond. */
export const maxKeysInStep = 5000;
