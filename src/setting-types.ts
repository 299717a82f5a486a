import { originOf } from './origins.ts';
import { addressesOf, maskPassword, problemOfPostgresUrl } from './postgres-url.ts';

/** One setting: its name in the environment, its default, its check and its meaning. */
export interface Setting<T> {
  readonly name: string;
  readonly fallback: T;
  readonly expected: string;
  /** Messages do not repeat its value. */
  readonly isSecret?: true;
  /** Undefined: the text is not a valid value. */
  readonly read: (text: string) => T | undefined;
  /** A problem that one sentence explains better than `expected` does; null: there is none. */
  readonly problemOf?: (text: string) => string | null;
  /** The value of a secret for display; without it, nothing of a secret is shown. */
  readonly mask?: (value: string) => string;
  readonly meaning: string;
}

type Named<T> = Pick<Setting<T>, 'name' | 'fallback' | 'meaning'>;

export function integer({ min, max, ...named }: Named<number> & { readonly min: number; readonly max: number }): Setting<number> {
  const read = (given: string): number | undefined => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : -1;
    return value >= min && value <= max ? value : undefined;
  };
  return { ...named, expected: `a whole number from ${min} to ${max}`, read };
}

export function text(name: string, fallback: string, meaning: string): Setting<string> {
  return { name, fallback, expected: 'a string', read: (given) => given, meaning };
}

export function oneOf<const T extends string>(values: readonly T[], named: Named<T>): Setting<T> {
  return { ...named, expected: `one of ${values.join(', ')}`, read: (given) => values.find((each) => each === given) };
}

/** An API key or a token. The minimum length is that of 16 random bytes in base64. */
export function secret(name: string, meaning: string): Setting<string | null> {
  return { name, fallback: null, expected: '22 to 255 characters without spaces', isSecret: true, read: readSecret, meaning };
}

function readSecret(given: string): string | undefined {
  return /^[\x21-\x7e]{22,255}$/.test(given) ? given : undefined;
}

/** Origins of web pages and apps, in the form of the `Origin` header; null: none. */
export function origins(name: string, meaning: string): Setting<readonly string[] | null> {
  return {
    name,
    fallback: null,
    expected: 'origins such as https://feed.example.com, separated by commas',
    read: (given) => entriesOf(given).flatMap((found) => ('origin' in found ? [found.origin] : [])),
    problemOf: (given) => entriesOf(given).flatMap((found) => ('problem' in found ? [found.problem] : []))[0] ?? null,
    meaning,
  };
}

function entriesOf(given: string): readonly ReturnType<typeof originOf>[] {
  return given.split(',').map((text) => originOf(text.trim()));
}

/** The address of a Postgres database, with one host or several. It can contain a password, so it counts as a secret. */
export function url(name: string, meaning: string): Setting<string | null> {
  return {
    name,
    isSecret: true,
    fallback: null,
    expected: 'an address such as postgres://user:password@host:5432/database',
    read: readUrl,
    problemOf: (given) => (/^postgres(?:ql)?:/.test(given) ? problemOfPostgresUrl(given) : null),
    mask: maskPassword,
    meaning,
  };
}

function readUrl(given: string): string | undefined {
  return addressesOf(given).every(isPostgresUrl) ? given : undefined;
}

function isPostgresUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, hostname, username, password, pathname } = new URL(given);
  try {
    [username, password, pathname].forEach(decodeURIComponent);
  } catch {
    return false; // a % that does not start an escape
  }
  return /^postgres(?:ql)?:$/.test(protocol) && hostname !== '' && pathname.length > 1;
}
