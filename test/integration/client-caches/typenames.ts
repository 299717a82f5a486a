/** A copy of a result without the fields that a client has added to its selections. */
export function withoutTypenames<T>(result: T): T {
  return JSON.parse(JSON.stringify(result, (key, value: unknown) => (key === '__typename' ? undefined : value))) as T;
}
