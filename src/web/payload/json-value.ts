import { ExactNumber } from '../../client/tidings-client.ts';

/** An object or a list: what a tree can open. */
export type Container = Readonly<Record<string, unknown>> | readonly unknown[];

export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
}

/** The number of members or elements. */
export function sizeOf(value: Container): number {
  return Array.isArray(value) ? value.length : keysOf(value).length;
}

/** Members or elements from one index to another. */
export function entriesOf(value: Container, from: number, to: number): readonly (readonly [key: string, value: unknown])[] {
  if (Array.isArray(value)) return value.slice(from, to).map((each: unknown, index) => [String(from + index), each]);
  const members = value as Readonly<Record<string, unknown>>;
  return keysOf(value)
    .slice(from, to)
    .map((key) => [key, members[key]]);
}

/** The index of a key among the members or elements; -1: there is none. */
export function indexOfKey(value: Container, key: string): number {
  return Array.isArray(value) ? Number(key) : keysOf(value).indexOf(key);
}

export function childOf(value: unknown, key: string): unknown {
  return isContainer(value) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

/** What a closed object or list contains: `{3 members}`, `[1 element]`. */
export function summaryOf(value: Container): string {
  const size = sizeOf(value);
  if (Array.isArray(value)) return size === 0 ? '[]' : `[${size.toLocaleString('en')} ${size === 1 ? 'element' : 'elements'}]`;
  return size === 0 ? '{}' : `{${size.toLocaleString('en')} ${size === 1 ? 'member' : 'members'}}`;
}

/** Whether a program that reads numbers as doubles can read another number. */
export function isBeyondDouble(value: unknown): boolean {
  return value instanceof ExactNumber || (Number.isInteger(value) && Math.abs(value as number) > Number.MAX_SAFE_INTEGER);
}

/** Whether a text is the address of a web page, and nothing else, such as a script. */
export function isWebAddress(text: string): boolean {
  return text.length <= maxAddressLength && /^https?:\/\/[^\s\p{C}]+$/iu.test(text) && URL.canParse(text);
}

/** A size in bytes for people. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function keysOf(value: Container): readonly string[] {
  let keys = keysByObject.get(value);
  if (keys === undefined) {
    keys = Object.keys(value);
    keysByObject.set(value, keys);
  }
  return keys;
}

/** Of an object with 100,000 members this takes 10 ms, and a tree asks repeatedly. */
const keysByObject = new WeakMap<Container, readonly string[]>();
const maxAddressLength = 2000;
