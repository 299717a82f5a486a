import { runToEnd } from '../json/run-to-end.ts';
import { endOfString } from '../json/string-end.ts';

/**
 * Why JSON may not be parsed, in words that follow "got": it has more than `maxJsonLevels` levels or
 * more than `maxJsonValues` values, an object with more than `maxObjectMembers` members, a number of
 * more than `maxNumberCharacters` characters, or too much white space in a row. Counted without
 * parsing it. Null: it may be parsed. Invalid JSON may pass.
 *
 * Why: 16 MB of opening brackets keep JSON.parse busy for two seconds and 700 MB, and code that
 * visits deep values recurses. 16 MB of small objects take as long. Listing the keys of an object
 * cannot be interrupted: 100 ms for half a million of them.
 */
export function jsonExcess(json: Uint8Array, bounds = defaultBounds): string | null {
  return runToEnd(jsonExcessInSteps(json, bounds));
}

/** The same in steps. */
export function* jsonExcessInSteps(
  json: Uint8Array,
  { levels, values, members }: JsonBounds = defaultBounds,
): Generator<undefined, string | null> {
  /** The commas so far in each value that is open. */
  const separators = json.length > stepBytes ? new Int32Array(maxJsonLevels + 1) : separatorsOfOneStep;
  let stepEnd = stepBytes;
  let depth = 0;
  /** After the last byte that is not plain. */
  let plainFrom = 0;
  let count = 1;
  separators[0] = notAnObject;
  for (let at = 0; at < json.length; at += 1) {
    if (at >= stepEnd) {
      stepEnd = at + stepBytes;
      if (at - plainFrom > maxPlainBytes) break;
      yield;
    }
    const kind = kinds[json[at] ?? 0];
    if (kind === plain) continue;
    const excess = at - plainFrom > maxNumberCharacters ? plainExcess(json.subarray(plainFrom, at)) : null;
    if (excess !== null) return excess;
    if (kind === quote) at = endOfString(json, at);
    else {
      // Each comma precedes a value, and so does each bracket but that of an empty list or object.
      if (kind !== closing && (count += 1) > values) return `more than ${values} values`;
      if (kind === comma) {
        const before = separators[depth] ?? 0;
        separators[depth] = before + 1;
        if (before + 1 >= members) return `an object with more than ${members} members`;
        plainFrom = at + 1;
        continue;
      }
      depth += kind === closing ? -1 : 1;
      if (depth > levels) return `more than ${levels} levels`;
      if (depth < 0) return null; // invalid
      if (kind !== closing) separators[depth] = kind === openingObject ? 0 : notAnObject;
    }
    plainFrom = at + 1;
  }
  return plainExcess(json.subarray(plainFrom));
}

/** What is too long in bytes between brackets, commas and strings. */
function plainExcess(bytes: Uint8Array): string | null {
  if (hasLongNumber(bytes.subarray(0, maxPlainBytes))) return `a number of more than ${maxNumberCharacters} characters`;
  return bytes.length > maxPlainBytes ? `more than ${maxPlainBytes} bytes without a bracket, a comma or a string` : null;
}

/**
 * Whether bytes between brackets, commas and strings contain a number that takes long to read. Such a
 * number has a byte at a multiple of its length, and most such bytes are none of a number.
 */
function hasLongNumber(bytes: Uint8Array): boolean {
  for (let at = maxNumberCharacters; at < bytes.length; at += maxNumberCharacters) {
    let [from, to] = [at, at];
    while (to - at <= maxNumberCharacters && isInNumber(bytes[to])) to += 1;
    while (to > at && to - from <= maxNumberCharacters && isInNumber(bytes[from - 1])) from -= 1;
    if (to - from > maxNumberCharacters) return true;
  }
  return false;
}

/** Digits, point, signs, and the letter of an exponent. False beyond the ends. */
function isInNumber(byte = 0): boolean {
  return (byte >= 0x2b && byte <= 0x39) || (byte & ~0x20) === 0x45;
}

export interface JsonBounds {
  readonly levels: number;
  /** Counted a little too high: an empty list or object counts twice. */
  readonly values: number;
  /** Of one object. */
  readonly members: number;
}

/**
 * Levels of a request's JSON: those of a payload (TIDINGS_MAX_PAYLOAD_DEPTH, at most 500) and those
 * around it.
 */
export const maxJsonLevels = 1000;

/** Values of a request's JSON: twice those of 16 MB of common events. */
export const maxJsonValues = 2_000_000;

/** Members of one object. Listing as many takes about 12 ms. */
export const maxObjectMembers = 100_000;

/** Of a number. Comparing one of 12 million digits with its double takes 150 ms. */
export const maxNumberCharacters = 100_000;
/** White space, besides one number. To report an error, V8 lists all ends of lines: 16 MB of them take 170 ms. */
export const maxPlainBytes = 1_000_000;
/** A millisecond of work. */
const stepBytes = 256 << 10;

const defaultBounds: JsonBounds = { levels: maxJsonLevels, values: maxJsonValues, members: maxObjectMembers };

const separatorsOfOneStep = new Int32Array(maxJsonLevels + 1);
/** Negative enough for all commas of a list. */
const notAnObject = -(2 ** 31);

const [plain, quote, opening, openingObject, closing, comma] = [0, 1, 2, 3, 4, 5];
/**
 * The kind of each byte. Most bytes are plain, so a table is three times as fast as comparisons.
 */
const kinds = new Uint8Array(256);
for (const [kind, characters] of [
  [quote, '"'],
  [opening, '['],
  [openingObject, '{'],
  [closing, '}]'],
  [comma, ','],
] as const) {
  for (const byte of Buffer.from(characters)) kinds[byte] = kind;
}
