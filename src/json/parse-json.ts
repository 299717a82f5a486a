import { numberOf } from './exact-number.ts';

/**
 * `JSON.parse`, except that numbers keep their value: those that a double cannot hold become an
 * ExactNumber. Throws its SyntaxErrors.
 *
 * Why a parser of its own, and only for texts with such a number: Node 20's `JSON.parse` does not
 * show the digits, and a parser in JavaScript takes several times as long.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return hasInexactNumber(text) ? new Parser(text).value(1) : value;
}

/**
 * The same for the text of a jsonb value, or of `stringifyJson`: both write numbers that a double
 * cannot hold without an exponent. Takes half the time to look for them.
 */
export function parseStoredJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return hasLongInexactNumber(text) ? new Parser(text).value(1) : value;
}

/**
 * Whether a double cannot hold some number of a JSON text. Takes a fraction of the time of parsing:
 * only a number with 16 digits or with an exponent of three can be one, and hardly any text has
 * such digits. Can return true for digits inside a string.
 */
export function hasInexactNumber(text: string): boolean {
  return hasLongInexactNumber(text) || hasInexactExponent(text);
}

/** Looks at every 16th character: 16 digits and points in a row include one of them. */
function hasLongInexactNumber(text: string): boolean {
  for (let at = runLength - 1; at < text.length; at += runLength) {
    if (!isDigitOrPoint(text.charCodeAt(at))) continue;
    // Any of 16 characters in a row has eight others of them on one side.
    if (!isDigitOrPoint(text.charCodeAt(at - runLength / 2)) && !isDigitOrPoint(text.charCodeAt(at + runLength / 2))) continue;
    const { from, to } = numberAround(text, at);
    if (to - from >= runLength && isInexact(text, from, to)) return true;
    at = to - 1;
  }
  return false;
}

function hasInexactExponent(text: string): boolean {
  longExponent.lastIndex = 0;
  while (longExponent.test(text)) {
    const { from, to } = numberAround(text, longExponent.lastIndex - 1);
    if (isInexact(text, from, to)) return true;
    longExponent.lastIndex = to;
  }
  return false;
}

/** The characters of a number around a digit. Callers go on after it, so that a text takes linear time. */
function numberAround(text: string, digit: number): { readonly from: number; readonly to: number } {
  let [from, to] = [digit, digit + 1];
  while (isInNumber(text.charCodeAt(from - 1))) from -= 1;
  while (isInNumber(text.charCodeAt(to))) to += 1;
  return { from, to };
}

/** Whether these characters are a number that a double cannot hold, and not a part of a string. */
function isInexact(text: string, from: number, to: number): boolean {
  return before.has(text[from - 1]) && after.has(text[to]) && typeof numberOf(text.slice(from, to)) !== 'number';
}

function isDigitOrPoint(character: number): boolean {
  return character <= 0x39 && character >= 0x2e && character !== 0x2f; // false for NaN, beyond the ends
}

/** Digits, point, signs and the letter of an exponent. */
function isInNumber(character: number): boolean {
  return isDigitOrPoint(character) || character === 0x2b || character === 0x2d || (character & ~0x20) === 0x45;
}

const runLength = 16;
const longExponent = /\d[eE][+-]?\d{3}/g;
const before: ReadonlySet<string | undefined> = new Set([' ', '\t', '\n', '\r', ':', ',', '[', undefined]);
const after: ReadonlySet<string | undefined> = new Set([' ', '\t', '\n', '\r', ',', ']', '}', undefined]);

/** Assumes a text that `JSON.parse` accepts. */
class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  value(level: number): unknown {
    if (level > maxLevels) throw new SyntaxError(`more than ${maxLevels} levels`);
    switch (this.next()) {
      case '{':
        return this.object(level);
      case '[':
        return this.array(level);
      case '"':
        return this.string();
      default:
        return this.scalar();
    }
  }

  private object(level: number): object {
    const object: Record<string, unknown> = {};
    this.at += 1;
    while (this.next() !== '}') {
      if (this.next() === ',') this.at += 1;
      this.next();
      const key = this.string();
      this.next(); // a colon
      this.at += 1;
      setMember(object, key, this.value(level + 1));
    }
    this.at += 1;
    return object;
  }

  private array(level: number): readonly unknown[] {
    const array: unknown[] = [];
    this.at += 1;
    while (this.next() !== ']') {
      if (this.next() === ',') this.at += 1;
      array.push(this.value(level + 1));
    }
    this.at += 1;
    return array;
  }

  private string(): string {
    const from = this.at;
    let hasEscapes = false;
    for (this.at += 1; this.text[this.at] !== '"'; this.at += 1) {
      if (this.text[this.at] !== '\\') continue;
      hasEscapes = true;
      this.at += 1;
    }
    this.at += 1;
    return hasEscapes ? (JSON.parse(this.text.slice(from, this.at)) as string) : this.text.slice(from + 1, this.at - 1);
  }

  private scalar(): unknown {
    const from = this.at;
    while (this.at < this.text.length && !delimiters.has(this.text[this.at] ?? '')) this.at += 1;
    const token = this.text.slice(from, this.at);
    return words.has(token) ? words.get(token) : numberOf(token);
  }

  /** Skips white space, and returns the next character. */
  private next(): string | undefined {
    while (blanks.has(this.text[this.at] ?? '')) this.at += 1;
    return this.text[this.at];
  }
}

/** Sets a property as JSON.parse does: an assignment to `__proto__` would set the prototype. */
export function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const blanks: ReadonlySet<string> = new Set(' \t\n\r');
const delimiters: ReadonlySet<string> = new Set(' \t\n\r,]}');
/** Bounds the recursion. More than bodies and payloads can have. */
const maxLevels = 2000;
