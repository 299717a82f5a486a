/** The number of characters (Unicode code points) in a text, or any number above `limit` when it has more. */
export function lengthUpTo(limit: number, text: string): number {
  if (text.length <= limit) return text.length; // there are never more code points than code units
  let count = 0;
  for (const _ of text) if (++count > limit) break;
  return count;
}

/** Why a text cannot be stored in the database, or null when it can. */
export function unstorable(text: string): string | null {
  if (text.includes('\0')) return 'the character U+0000, which cannot be stored';
  if (!text.isWellFormed()) return 'a lone surrogate, which is no Unicode text';
  return null;
}
