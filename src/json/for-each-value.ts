import { keysOf } from './keys-of.ts';

/**
 * Calls back for each element of a list or each member of an object. `Object.values` takes three
 * times as long for an object with very many members.
 */
export function forEachValue(container: object, callback: (value: unknown) => void): void {
  if (Array.isArray(container)) for (const each of container as readonly unknown[]) callback(each);
  else for (const key of keysOf(container)) callback((container as Readonly<Record<string, unknown>>)[key]);
}
