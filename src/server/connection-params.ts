/** Finds the key in the parameters, or in their `headers` as some clients send them, in any case. */
export function authorizationIn(connectionParams: unknown): string | undefined {
  const values = new Map(membersOf(connectionParams).map(([name, value]) => [name.toLowerCase(), value]));
  const given = values.get('authorization');
  if (typeof given === 'string') return given;
  const header = membersOf(values.get('headers')).find(([name]) => name.toLowerCase() === 'authorization');
  return typeof header?.[1] === 'string' ? header[1] : undefined;
}

function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
