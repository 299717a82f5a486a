import { ExactNumber, lookupKey } from '../json/exact-number.ts';
import { keysOf } from '../json/keys-of.ts';
import { runToEnd } from '../json/run-to-end.ts';
import { jsonPieces } from '../json/stringify-in-steps.ts';
import { compareCodePoints, sortedInSteps } from './text.ts';

/** Whether two JSON values are equal: numbers as numbers, objects in any order of keys. */
export function jsonEquals(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (a instanceof ExactNumber || b instanceof ExactNumber) return lookupKey(a) === lookupKey(b);
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, index) => jsonEquals(each, b[index]));
  }
  const keys = keysOf(a);
  return (
    keys.every((key) => Object.hasOwn(b, key) && jsonEquals((a as JsonRecord)[key], (b as JsonRecord)[key])) &&
    keys.length === keysOf(b).length
  );
}

type JsonRecord = Readonly<Record<string, unknown>>;

/** JSON text with ordered keys: equal values have equal texts. */
export function orderedJson(value: unknown): string {
  return runToEnd(orderedJsonInSteps(value));
}

/** The same in steps. */
export function* orderedJsonInSteps(value: unknown): Generator<undefined, string> {
  let text = '';
  for (const piece of jsonPieces(value, { orderKeys: sortedInSteps, stringify: orderedTextOf })) {
    text += piece;
    yield;
  }
  return text;
}

function orderedKeys(object: object): readonly string[] {
  return keysOf(object).toSorted(compareCodePoints);
}

/** Recurses, and copies the text of each level into that around it. */
function orderedTextOf(value: unknown): string {
  if (value instanceof ExactNumber) return value.text;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(orderedTextOf).join(',')}]`;
  const members = orderedKeys(value).map((key) => `${JSON.stringify(key)}:${orderedTextOf((value as JsonRecord)[key])}`);
  return `{${members.join(',')}}`;
}

/**
 * The characters of a value as JSON, or some number above `limit` if it has more. Stops there, as
 * payloads may be large.
 */
export function jsonLengthUpTo(limit: number, value: unknown): number {
  if (typeof value === 'string') return value.length > limit ? value.length : JSON.stringify(value).length;
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return String(value).length;
  const isList = Array.isArray(value);
  if (isList && value.length > limit) return value.length;
  let length = 1; // two brackets, minus the comma that the last entry does not have
  for (const key of keysOf(value)) {
    length += jsonLengthUpTo(limit, (value as JsonRecord)[key]) + (isList ? 1 : JSON.stringify(key).length + 2);
    if (length > limit) return length;
  }
  return Math.max(length, 2);
}
