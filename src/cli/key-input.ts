import { TidingsError } from '../errors.ts';

export interface KeyFlags {
  readonly may: string;
  readonly filter?: string | undefined;
  readonly 'emit-prefix'?: string | undefined;
  readonly expires?: string | undefined;
}

/** The flags of `keys create` as GraphQL's CreateApiKeyInput. Throws BAD_USER_INPUT. */
export function readKeyInput(name: string, flags: KeyFlags): object {
  return {
    name,
    may: flags.may.split(',').map(readRight),
    filter: flags.filter === undefined ? null : readFilter(flags.filter),
    emitPrefix: flags['emit-prefix'] ?? null,
    expires: flags.expires === undefined ? null : readExpiry(flags.expires),
  };
}

function readRight(given: string): string {
  const right = given.trim();
  if (['emit', 'read', 'admin'].includes(right)) return right.toUpperCase();
  throw new TidingsError(
    'BAD_USER_INPUT',
    `--may: expected emit, read, admin or several of them with commas, got ${JSON.stringify(right)}.`,
  );
}

function readFilter(given: string): unknown {
  try {
    const filter: unknown = JSON.parse(given);
    if (typeof filter === 'object' && filter !== null && !Array.isArray(filter)) return filter;
  } catch {
    // said below
  }
  throw new TidingsError(
    'BAD_USER_INPUT',
    `--filter: expected an EventFilter as JSON, such as '{"resource":{"id":{"startsWith":["acme."]}}}', got ${JSON.stringify(given)}.`,
  );
}

/** A time, or so many days or hours from now. */
function readExpiry(given: string): string {
  const [, amount, unit] = /^(\d{1,5})([dh])$/.exec(given) ?? [];
  if (unit === undefined) return given; // the server judges it
  return new Date(Date.now() + Number(amount) * (unit === 'd' ? 86_400_000 : 3_600_000)).toISOString();
}
