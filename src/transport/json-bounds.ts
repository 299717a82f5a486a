/**
 * Why JSON may not be parsed, in words that follow "got": it has more than `maxJsonLevels` levels or
 * more than `maxJsonValues` values, counted without parsing it. Null: it may be parsed. Invalid JSON
 * may pass.
 *
 * Why: 16 MB of opening brackets keep JSON.parse busy for two seconds and 700 MB, and code that
 * visits deep values recurses. 16 MB of small objects take as long.
 */
export function jsonExcess(json: Uint8Array, { levels, values }: JsonBounds = defaultBounds): string | null {
  let depth = 0;
  let count = 1;
  let inText = false;
  let escaped = false;
  for (let at = 0; at < json.length; at += 1) {
    const kind = kinds[json[at] ?? 0];
    if (kind === plain || escaped) escaped = false;
    else if (kind === quote) inText = !inText;
    else if (kind === backslash) escaped = inText;
    else if (!inText) {
      // Each comma precedes a value, and so does each bracket but that of an empty list or object.
      if (kind !== closing && (count += 1) > values) return `more than ${values} values`;
      if (kind === comma) continue;
      depth += kind === opening ? 1 : -1;
      if (depth > levels) return `more than ${levels} levels`;
    }
  }
  return null;
}

export interface JsonBounds {
  readonly levels: number;
  /** Counted a little too high: an empty list or object counts twice. */
  readonly values: number;
}

/**
 * Levels of a request's JSON: those of a payload (TIDINGS_MAX_PAYLOAD_DEPTH, at most 500) and those
 * around it.
 */
export const maxJsonLevels = 1000;

/** Values of a request's JSON: twice those of 16 MB of common events. */
export const maxJsonValues = 2_000_000;

const defaultBounds: JsonBounds = { levels: maxJsonLevels, values: maxJsonValues };

const [plain, quote, backslash, opening, closing, comma] = [0, 1, 2, 3, 4, 5];
/**
 * The kind of each byte. Most bytes are plain, so a table is three times as fast as comparisons.
 */
const kinds = new Uint8Array(256);
for (const [kind, characters] of [
  [quote, '"'],
  [backslash, '\\'],
  [opening, '{['],
  [closing, '}]'],
  [comma, ','],
] as const) {
  for (const byte of Buffer.from(characters)) kinds[byte] = kind;
}
