/**
 * Whether JSON has more levels than `most`, found out without parsing it: 16 MB of opening brackets keep JSON.parse busy for
 * two seconds and 700 MB, and what walks deep values recurses. Wrong JSON may pass.
 */
export function isTooDeep(chunks: readonly Uint8Array[], most: number): boolean {
  let depth = 0;
  let inText = false;
  let escaped = false;
  for (const chunk of chunks) {
    const { length } = chunk;
    for (let at = 0; at < length; at += 1) {
      if (inText) {
        if (escaped) escaped = false;
        else {
          // Most of what comes is the inside of texts.
          let byte = chunk[at];
          while (byte !== quote && byte !== backslash && at < length) byte = chunk[(at += 1)];
          inText = byte !== quote;
          escaped = byte === backslash;
        }
        continue;
      }
      const byte = chunk[at];
      if (byte === quote) inText = true;
      else if (byte === openBrace || byte === openBracket) {
        depth += 1;
        if (depth > most) return true;
      } else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    }
  }
  return false;
}

/** Levels of a request: a payload's, and those around it. */
export const mostLevels = 1000;

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
