/**
 * An origin that TIDINGS_ALLOWED_ORIGINS lists, in the form that browsers send, or the sentence
 * that rejects it. `https://*.example.com` stands for every subdomain, at any depth.
 *
 * Apps and extensions have origins with other schemes, such as `capacitor://localhost`. Those are
 * compared as given.
 */
export function originOf(given: string): { readonly origin: string } | { readonly problem: string } {
  const reason = given === 'null' ? nullProblem : given.includes('*') ? wildcardProblemOf(given) : null;
  if (reason !== null) return { problem: reason };
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.+)$/i.exec(given) ?? [];
  const origin = /^https?$/i.test(scheme) ? webOrigin(given) : appOrigin(scheme.toLowerCase(), rest);
  return origin === null ? { problem: `${expected}, got ${JSON.stringify(given)}. Set a valid value, or unset it.` } : { origin };
}

function webOrigin(given: string): string | null {
  const text = given.replace('://*.', `://${anyLabel}.`);
  if (!URL.canParse(text)) return null;
  const { origin, href } = new URL(text);
  return href === `${origin}/` ? origin.replace(`://${anyLabel}.`, '://*.') : null;
}

function appOrigin(scheme: string, rest: string): string | null {
  return /^[a-z0-9._-]+(?::\d{1,5})?$/i.test(rest) && !sharedSchemes.has(scheme) ? `${scheme}://${rest}` : null;
}

/** Null: `*` is the whole first label of a name with at least two further ones. */
function wildcardProblemOf(given: string): string | null {
  const [, name = ''] = /^https?:\/\/\*\.([^*/:]+)(?::\d+)?\/?$/i.exec(given) ?? [];
  const labels = name.split('.');
  const isValid = labels.length > 1 && labels.every((label) => label !== '') && !/^\d+$/.test(labels.at(-1) ?? '');
  return isValid || /^localhost$/i.test(name) ? null : `${wildcardProblem}, got ${JSON.stringify(given)}. List each origin instead.`;
}

const expected = 'expected origins such as https://feed.example.com, separated by commas';
const wildcardProblem = 'expected * only as the first label of a host name, such as https://*.example.com';
const nullProblem =
  'expected an origin, got null, which every sandboxed frame and local file has. Serve the page from an origin of its own.';
/** Stands for the `*` while a URL is parsed. */
const anyLabel = 'any-label';
/** Schemes whose pages have no origin of their own, or that are no schemes of pages. */
const sharedSchemes: ReadonlySet<string> = new Set(['', 'file', 'data', 'blob', 'about', 'javascript', 'ws', 'wss', 'ftp']);
