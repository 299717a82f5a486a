/**
 * Whether JSON has more than `maxLevels` levels, counted without parsing it. Why: 16 MB of opening
 * brackets keep JSON.parse busy for two seconds and 700 MB, and code that visits deep values
 * recurses. Invalid JSON may pass.
 */
export function isTooDeep(json: Uint8Array, maxLevels: number): boolean {
  let depth = 0;
  let inText = false;
  let escaped = false;
  for (let at = 0; at < json.length; at += 1) {
    const kind = kinds[json[at] ?? 0];
    if (kind === plain || escaped) escaped = false;
    else if (kind === quote) inText = !inText;
    else if (kind === backslash) escaped = inText;
    else if (!inText) {
      depth += kind === opening ? 1 : -1;
      if (depth > maxLevels) return true;
    }
  }
  return false;
}

/**
 * Levels of a request's JSON: those of a payload (TIDINGS_MAX_PAYLOAD_DEPTH, at most 500) and those
 * around it.
 */
export const maxJsonLevels = 1000;

const [plain, quote, backslash, opening, closing] = [0, 1, 2, 3, 4];
/**
 * The kind of each byte. Most bytes are plain, so a table is three times as fast as comparisons.
 */
const kinds = new Uint8Array(256);
for (const [kind, characters] of [
  [quote, '"'],
  [backslash, '\\'],
  [opening, '{['],
  [closing, '}]'],
] as const) {
  for (const byte of Buffer.from(characters)) kinds[byte] = kind;
}
