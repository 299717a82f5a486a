/**
 * The path of a value in a payload, as filters and `payloadAt` accept it: dotted keys, quoted unless
 * they are plain words. Null for the payload itself, and beyond the server's limit.
 */
export function pathOf(keys: readonly string[]): string | null {
  const path = keys.map((key) => (/^[\p{L}\p{N}_-]+$/u.test(key) ? key : JSON.stringify(key))).join('.');
  return path === '' || path.length > maxPathLength ? null : path;
}

const maxPathLength = 1000;
