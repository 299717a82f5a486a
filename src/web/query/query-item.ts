import { parseLossless } from '../../client/tidings-client.ts';
import { escapeGlob, unquoted, type QueryValue } from './query-value.ts';

/** A part of the text that is not valid: from and to are indexes of the text. */
export interface QueryProblem {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

/** The fields of conditions. Those in `keyedFields` have a key, such as the one of a label. */
export const fields = ['event', 'resource', 'related', 'any', 'label', 'payload', 'follows', 'id', 'occurred', 'received', 'text'] as const;
export type Field = (typeof fields)[number];
export type Operator = '=' | '!=' | '>' | '>=' | '<' | '<=';

/** One condition as it is written: `-event:tidings.*`. Items are separated by white space. */
export interface QueryItem {
  readonly from: number;
  readonly to: number;
  /** It begins with a minus or an exclamation mark, or has the operator `!=`. */
  readonly isExcluded: boolean;
  readonly field: Field;
  /** A label key, a role or a payload path; null: none was given. */
  readonly key: string | null;
  readonly operator: Operator;
  /** Alternatives. Not empty. */
  readonly values: readonly QueryValue[];
}

export interface QueryItems {
  readonly items: readonly QueryItem[];
  readonly problems: readonly QueryProblem[];
  /** The text of each item, also of those with a problem, in their order. */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
}

/** Reads the items of a text. Never throws: an item that cannot be read is a problem. */
export function readItems(text: string): QueryItems {
  const items: QueryItem[] = [];
  const problems: QueryProblem[] = [];
  const spans: { from: number; to: number }[] = [];
  const scan = new Scanner(text, 0);
  for (;;) {
    scan.take(/\s*/uy);
    const from = scan.at;
    if (from >= text.length) return { items, problems, spans };
    try {
      items.push(readItem(scan));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      scan.at = Math.max(scan.at, from + 1);
      scan.take(/\S*/uy);
      problems.push({ from, to: scan.at, message: error.message });
    }
    spans.push({ from, to: scan.at });
  }
}

class Unreadable extends Error {}

class Scanner {
  constructor(
    readonly text: string,
    public at: number,
  ) {}

  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  isAt(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }
}

function readItem(scan: Scanner): QueryItem {
  const from = scan.at;
  const sign = scan.take(/[-!+](?=[^\s])/uy)?.[0] ?? '';
  const head = scan.take(fieldAndOperator);
  if (head === null) {
    const values = [readWord(scan)];
    return { from, to: scan.at, isExcluded: sign === '-' || sign === '!', field: 'text', key: null, operator: '=', values };
  }
  const [, name = '', rawKey, written = ''] = head;
  const field = fields.find((each) => each === name.toLowerCase());
  if (field === undefined) throw new Unreadable(unknownField(name, rawKey, written));
  const key = rawKey === undefined ? null : field === 'payload' ? rawKey : keyOf(rawKey);
  const operator = (written === ':' ? '=' : written) as Operator;
  const values = readValues(scan, field === 'payload');
  return { from, to: scan.at, isExcluded: (sign === '-' || sign === '!') !== (operator === '!='), field, key, operator, values };
}

function unknownField(name: string, key: string | undefined, operator: string): string {
  const whole = key === undefined ? name : `${name}.${key}`;
  const advice =
    operator === ':'
      ? `Fields are ${fields.slice(0, -1).join(', ')} and ${fields.at(-1) ?? ''}`
      : `Write label.${whole}${operator}…, payload.${whole}${operator}… or, for a role, related.${whole}${operator}…`;
  return `There is no field ${whole}. ${advice}. Quote it to search for the text.`;
}

function readWord(scan: Scanner): QueryValue {
  if (scan.isAt(/"/y)) {
    const text = readQuoted(scan);
    if (!scan.isAt(/\s|$/uy)) throw new Unreadable('Expected a space behind the quoted text.');
    return { is: 'text', text, isQuoted: true };
  }
  const word = scan.take(/\S+/uy)?.[0] ?? '';
  if (/^(?:label|payload|related)\../i.test(word)) throw new Unreadable(`Add a value, such as ${word}=5, or ${word}=* for any value.`);
  if (word.includes('*')) throw new Unreadable(`A search for text has no wildcards. Write event:${word}, or quote it.`);
  return { is: 'text', text: word, isQuoted: false };
}

function readValues(scan: Scanner, isJson: boolean): readonly QueryValue[] {
  if (scan.take(/\(\s*/uy) === null) {
    const value = readValue(scan, isJson);
    if (scan.isAt(/[,()]/y))
      throw new Unreadable('Write several values in parentheses: (a,b). Quote a value that has a comma or a parenthesis.');
    return [value];
  }
  const values: QueryValue[] = [];
  for (;;) {
    if (scan.at >= scan.text.length) throw new Unreadable('Expected a closing parenthesis.');
    values.push(readValue(scan, isJson));
    if (scan.take(/\s*\)/uy) !== null) break;
    if (scan.take(/\s*,\s*|\s+/uy) === null) throw new Unreadable('Expected a comma or a closing parenthesis.');
  }
  if (!scan.isAt(/\s|$/uy)) throw new Unreadable('Expected a space behind the list.');
  return values;
}

/** Quoted and bare parts that follow one another are one value: `"a b".*`. */
function readValue(scan: Scanner, isJson: boolean): QueryValue {
  if (isJson && scan.isAt(/[[{]/y)) return readJson(scan);
  let text = '';
  let glob = '';
  let isQuoted = false;
  let isGlob = false;
  const start = scan.at;
  for (;;) {
    if (scan.isAt(/"/y)) {
      const part = readQuoted(scan);
      isQuoted = true;
      text += part;
      glob += escapeGlob(part);
      continue;
    }
    const bare = scan.take(/[^\s",()]+/uy)?.[0];
    if (bare === undefined) break;
    isGlob ||= /[*?]/.test(bare);
    text += bare;
    glob += bare.replaceAll('\\', String.raw`\\`);
  }
  if (scan.at === start) throw new Unreadable('Expected a value. Write "" for an empty one.');
  return isGlob ? { is: 'glob', glob } : { is: 'text', text, isQuoted };
}

function readQuoted(scan: Scanner): string {
  const quoted = scan.take(/"((?:[^"\\]|\\[\s\S])*)"/y);
  if (quoted !== null) return unquoted(quoted[1] ?? '');
  scan.at = scan.text.length;
  throw new Unreadable('Expected a closing quote.');
}

/** A JSON object or list, up to the bracket that closes it. */
function readJson(scan: Scanner): QueryValue {
  const from = scan.at;
  let depth = 0;
  do {
    const token = scan.take(/"(?:[^"\\]|\\[\s\S])*"|[[\]{}]|[^"[\]{}]+/y)?.[0];
    if (token === undefined) {
      scan.at = scan.text.length;
      throw new Unreadable('Expected the end of a JSON value.');
    }
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
  } while (depth > 0);
  try {
    return { is: 'json', json: parseLossless(scan.text.slice(from, scan.at)) };
  } catch {
    throw new Unreadable('Expected JSON.');
  }
}

function keyOf(raw: string): string {
  return raw.replaceAll(/"((?:[^"\\]|\\[\s\S])*)"/g, (_all, inside: string) => unquoted(inside));
}

const fieldAndOperator = /([\p{L}_][\p{L}\p{N}_-]*)(?:\.((?:"(?:[^"\\]|\\[\s\S])*"|[^\s":=<>!,()])+))?(!=|>=|<=|[:=<>])/uy;
