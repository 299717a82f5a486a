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
  const advice = adviceForForeignSyntax(text);
  if (advice !== null) throw malformed(text, advice);
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

function malformed(text: string, advice = ''): TidingsError {
  return new TidingsError('BAD_USER_INPUT', `path: expected dotted keys such as a."b.c".0, got ${excerptOf(text)}${advice}`, {
    path: ['path'],
  });
}

function excerptOf(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/**
 * The advice for a path in the syntax of JSONPath ($.a), JavaScript (a[0]), jq (.a), JSON Pointer
 * (/a) or Postgres (a->'b'); null: the path is in none of them. Such a path would otherwise name
 * keys that no payload has, and match nothing. Keys of this form can be quoted.
 */
function adviceForForeignSyntax(text: string): string | null {
  const bare = text.replaceAll(quotedKey, (quoted) => '"'.repeat(quoted.length)); // keys in quotes mean what they say
  const isPointer = /^#?\//.test(bare);
  if (!isPointer && !/^\$(?=[.[]|$)|^\.+[^."]|\[(?:\d+|\*|'[^']*'|"+)?\]|->/.test(bare)) return null;
  const steps = isPointer ? pointerSteps(text) : bracketSteps(text);
  const suggestion = steps.map(stepOf).join('.');
  return suggestion === ''
    ? '; the whole payload has no path'
    : `; write ${excerptOf(suggestion)
        .slice(1, -1)
        .replaceAll(String.raw`\"`, '"')}`;
}

function pointerSteps(text: string): readonly string[] {
  return text
    .slice(text.indexOf('/') + 1)
    .split('/')
    .filter((step) => step !== '')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function bracketSteps(text: string): readonly string[] {
  const steps = text
    .replace(/^\$(?=[.[]|$)/, '')
    .replaceAll(/->>?/g, '.')
    .matchAll(/\[(?:(\d+|\*)|'([^']*)'|"([^"]*)")?\]|"([^"]*)"|'([^']*)'|([^.["'\]]+)/g);
  return Array.from(steps, ([, ...groups]) => groups.find((group) => group !== undefined) ?? '*');
}

function stepOf(key: string): string {
  return /^(?:[\p{L}\p{N}_-]+|\*)$/u.test(key) ? key : JSON.stringify(key);
}

const quotedKey = /"(?:[^"\\]|\\.)*"/g;
const maxPathLength = 1000;

/** What steps into an array. */
export const arrayIndex = /^(?:0|[1-9]\d*)$/;
