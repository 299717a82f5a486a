import { stringifyLossless } from '../../client/tidings-client.ts';

/** A value of a condition as it is written in the filter box. */
export type QueryValue =
  /** `isQuoted`: it is a string also where 5 is a number. */
  | { readonly is: 'text'; readonly text: string; readonly isQuoted: boolean }
  /** A glob of EventFilter: a backslash escapes. */
  | { readonly is: 'glob'; readonly glob: string }
  /** A JSON object or list. */
  | { readonly is: 'json'; readonly json: unknown };

/** An item of the text without its sign. */
export interface ItemText {
  readonly text: string;
  readonly isExcluded: boolean;
}

/** An item with the sign that excludes what it selects. */
export function signed({ text, isExcluded }: ItemText): string {
  return isExcluded ? `-${text}` : text;
}

/** A text as a value without wildcards: as it is, or quoted. */
export function literalText(text: string): string {
  return bareValue.test(text) && !unsafe.test(text) ? text : quotedText(text);
}

/** A text as a search word. */
export function wordText(text: string): string {
  return bareWord.test(text) && !unsafe.test(text) ? text : quotedText(text);
}

/** A label key or role behind its prefix: `label.region`. */
export function keyText(key: string): string {
  return bareKey.test(key) && !unsafe.test(key) ? key : quotedText(key);
}

/**
 * A payload path with every step quoted that has a special character of the filter box. Null for a
 * text that is not a path.
 */
export function pathText(path: string): string | null {
  const steps = path.match(pathStep) ?? [];
  if (steps.join('.') !== path || path === '') return null;
  return steps.map((step) => (step.startsWith('"') ? escapeUnsafe(step) : keyText(step))).join('.');
}

/** A glob of EventFilter: runs of literal characters are quoted where needed. */
export function globText(glob: string): string {
  let text = '';
  let run = '';
  const end = (): void => {
    if (run !== '') text += literalText(run);
    run = '';
  };
  for (const token of glob.match(globToken) ?? []) {
    if (token === '*' || token === '?') {
      end();
      text += token;
    } else {
      run += token.length > 1 && token.startsWith('\\') ? token.slice(1) : token;
    }
  }
  end();
  return text === '' ? '""' : text;
}

/** A literal text as a glob of EventFilter. */
export function escapeGlob(text: string): string {
  return text.replaceAll(/[*?\\]/g, String.raw`\$&`);
}

/** The literal text of a glob without wildcards; null for other globs. */
export function literalOfGlob(glob: string): string | null {
  const tokens = glob.match(globToken) ?? [];
  if (tokens.some((token) => token === '*' || token === '?')) return null;
  return tokens.map((token) => (token.length > 1 && token.startsWith('\\') ? token.slice(1) : token)).join('');
}

/** The prefix that a glob means if its only wildcard is a star at its end. */
export function prefixOfGlob(glob: string): string | null {
  return /(?:^|[^\\])(?:\\\\)*\*$/.test(glob) ? literalOfGlob(glob.slice(0, -1)) : null;
}

/** A JSON value. Strings that would be read as another type are quoted. */
export function jsonText(value: unknown): string {
  if (typeof value !== 'string') return escapeUnsafe(stringifyLossless(value));
  return jsonScalar.test(value) || /^[{[]/.test(value) ? quotedText(value) : literalText(value);
}

/** Texts that are JSON numbers, true, false or null. */
export const jsonScalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** A quoted text means what JSON means by it. */
export function quotedText(text: string): string {
  return escapeUnsafe(JSON.stringify(text));
}

/** The text inside quotes. A backslash that escapes nothing is a backslash. */
export function unquoted(inside: string): string {
  return inside.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g, (_all, hex: string | undefined, letter: string) =>
    hex === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Characters that are not seen, or that change how others are seen. Only escapes show them. */
function escapeUnsafe(json: string): string {
  return json.replaceAll(allUnsafe, (character) =>
    Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
// A value must not look like the rest of an operator, a list or a quote, and has no wildcards.
const bareValue = /^[^\s"*?,()=>{[][^\s"*?,()]*$/u;
const bareWord = /^[^\s"*:=<>!+(-][^\s"*:=<>!]*$/u;
const bareKey = /^[^\s":=<>!,()]+$/u;
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const allUnsafe = new RegExp(unsafe, 'gu');
const pathStep = /"(?:[^"\\]|\\.)*"|[^."]+/g;
const globToken = /\\?[\s\S]/gu;
