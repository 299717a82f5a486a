import { isNumber } from './exact-number.ts';
import { keysOf, maxKeysInStep } from './keys-of.ts';
import { runToEnd } from './run-to-end.ts';

/**
 * Whether the JSON of a value has more than `maxBytes`, in about: escapes are not counted. Stops as
 * soon as it is known, and does not recurse.
 */
export function isLargerThan(value: unknown, maxBytes: number): boolean {
  return runToEnd(isLargerInSteps(value, maxBytes));
}

/** The same in steps. */
export function* isLargerInSteps(value: unknown, maxBytes: number): Generator<undefined, boolean> {
  const pending: unknown[] = [value];
  let bytes = 0;
  for (let visited = 1; pending.length > 0; visited += 1) {
    if (visited % stepValues === 0) yield;
    const each = pending.pop();
    if (typeof each === 'string') bytes += each.length > shortLength ? Buffer.byteLength(each) : each.length;
    else if (isNumber(each)) bytes += String(each).length - 1;
    else if (Array.isArray(each)) for (const element of each) pending.push(element);
    else if (typeof each === 'object' && each !== null) {
      const keys = keysOf(each);
      if (keys.length > maxKeysInStep) yield;
      for (const key of keys) {
        bytes += key.length + punctuationBytes;
        pending.push((each as Readonly<Record<string, unknown>>)[key]);
      }
    }
    bytes += punctuationBytes;
    if (bytes > maxBytes) return true;
  }
  return false;
}

const shortLength = 100;
/** Quotes, commas, colons and brackets. */
const punctuationBytes = 3;
/** Less than a millisecond of work. */
const stepValues = 4096;
