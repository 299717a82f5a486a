import { isNumber } from '../../../json/exact-number.ts';

/**
 * Whether the JSON of a value has more than `maxBytes`, in about: escapes are not counted. Stops as
 * soon as it is known, and does not recurse.
 */
export function isLargerThan(value: unknown, maxBytes: number): boolean {
  const pending: unknown[] = [value];
  let bytes = 0;
  while (pending.length > 0) {
    const each = pending.pop();
    if (typeof each === 'string') bytes += each.length > shortLength ? Buffer.byteLength(each) : each.length;
    else if (isNumber(each)) bytes += String(each).length - 1;
    else if (Array.isArray(each)) for (const element of each) pending.push(element);
    else if (typeof each === 'object' && each !== null) {
      for (const key in each) {
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
