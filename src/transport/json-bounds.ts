import { endOfString } from '../json/string-end.ts';

/**
 * Why JSON may not be parsed, in words that follow "got": it has more than `maxJsonLevels` levels or
 * more than `maxJsonValues` values, or an object with more than `maxObjectMembers` members, counted
 * without parsing it. Null: it may be parsed. Invalid JSON may pass.
 *
 * Why: 16 MB of opening brackets keep JSON.parse busy for two seconds and 700 MB, and code that
 * visits deep values recurses. 16 MB of small objects take as long. Listing the keys of an object
 * cannot be interrupted: 100 ms for half a million of them.
 */
export function jsonExcess(json: Uint8Array, { levels, values, members }: JsonBounds = defaultBounds): string | null {
  let depth = 0;
  let count = 1;
  separators[0] = notAnObject;
  for (let at = 0; at < json.length; at += 1) {
    const kind = kinds[json[at] ?? 0];
    if (kind === quote) at = endOfString(json, at);
    else if (kind !== plain) {
      // Each comma precedes a value, and so does each bracket but that of an empty list or object.
      if (kind !== closing && (count += 1) > values) return `more than ${values} values`;
      if (kind === comma) {
        const before = separators[depth] ?? 0;
        separators[depth] = before + 1;
        if (before + 1 >= members) return `an object with more than ${members} members`;
        continue;
      }
      depth += kind === closing ? -1 : 1;
      if (depth > levels) return `more than ${levels} levels`;
      if (depth < 0) return null; // invalid
      if (kind !== closing) separators[depth] = kind === openingObject ? 0 : notAnObject;
    }
  }
  return null;
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

const defaultBounds: JsonBounds = { levels: maxJsonLevels, values: maxJsonValues, members: maxObjectMembers };

/** The commas so far in each value that is open. */
const separators = new Int32Array(maxJsonLevels + 1);
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
