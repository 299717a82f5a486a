import { TidingsError } from '../errors.ts';

/**
 * Payload paths: dotted keys. A number steps into an array and is a plain key of an object; a key with a dot in it is
 * quoted as a JSON string: a."b.c".0
 */
export type PayloadPath = readonly string[];

/** Reads a path. Throws BAD_USER_INPUT for an empty path, an empty bare key, an unfinished quote, or a path that is too long. */
export function parsePayloadPath(text: string): PayloadPath {
  if (text.length > maxPathLength) {
    throw new TidingsError('BAD_USER_INPUT', `path: expected at most ${maxPathLength} characters, got ${text.length}`, { path: ['path'] });
  }
  const keys: string[] = [];
  let rest = text;
  for (;;) {
    const [part, key] = nextKey(rest, text);
    keys.push(key);
    rest = rest.slice(part.length);
    if (rest === '') return keys;
    if (!rest.startsWith('.')) throw malformed(text);
    rest = rest.slice(1);
  }
}

/** The value at a path; undefined when absent. */
export function valueAt(payload: unknown, path: PayloadPath): unknown {
  let value = payload;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) && !arrayIndex.test(key)) return undefined;
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

function nextKey(rest: string, whole: string): [string, string] {
  const quoted = /^"(?:[^"\\]|\\.)*"/.exec(rest)?.[0];
  if (quoted !== undefined) {
    try {
      return [quoted, JSON.parse(quoted) as string];
    } catch {
      throw malformed(whole);
    }
  }
  const bare = /^[^."]+/.exec(rest)?.[0];
  if (bare === undefined) throw malformed(whole);
  return [bare, bare];
}

function malformed(text: string): TidingsError {
  const excerpt = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  return new TidingsError('BAD_USER_INPUT', `path: expected dotted keys such as a."b.c".0, got ${excerpt}`, { path: ['path'] });
}

const maxPathLength = 1000;

/** What steps into an array. */
export const arrayIndex = /^(?:0|[1-9]\d*)$/;
