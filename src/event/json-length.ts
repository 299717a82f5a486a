/** The characters of a value as JSON, or any number above `limit` when it has more; a payload may have a million. */
export function jsonLengthUpTo(limit: number, value: unknown): number {
  if (typeof value === 'string') return value.length > limit ? value.length : JSON.stringify(value).length;
  if (typeof value !== 'object' || value === null) return String(value).length;
  const isList = Array.isArray(value);
  if (isList && value.length > limit) return value.length;
  let length = 1; // two brackets, less the comma that the last entry has not
  for (const [key, child] of Object.entries(value)) {
    length += jsonLengthUpTo(limit, child) + (isList ? 1 : JSON.stringify(key).length + 2);
    if (length > limit) return length;
  }
  return Math.max(length, 2);
}
