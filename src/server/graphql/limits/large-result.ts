import { isLargerThan } from '../../../json/json-size.ts';

/** Whether a result without errors is so large that its JSON is written in slices of the event loop. */
export function isLargeResult({ data, errors }: { readonly data?: unknown; readonly errors?: unknown }): boolean {
  return errors === undefined && isLargerThan(data, maxBytesAtOnce);
}

/** Some milliseconds of work, ten for objects of very many members. */
export const maxBytesAtOnce = 512 << 10;
