import type { BatchErrorPolicy } from '../ingest/emitter.ts';
import { HttpError } from '../transport/http-error.ts';

/** How the events of a request are stored. */
export interface BatchOptions {
  readonly policy: BatchErrorPolicy;
  /** Unknown members of event documents are problems. */
  readonly isStrict: boolean;
}

/**
 * The query parameters of a request, by name. Throws a 400 for an unknown one and for one that is
 * given twice: the client expects an effect that it would not have.
 */
export function queryParameters(url: string, known: readonly string[]): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(url.split('?').slice(1).join('?'))) {
    const shown = JSON.stringify(name.slice(0, maxShownCharacters));
    if (!known.includes(name)) {
      const expected = known.length === 0 ? 'expected none' : `expected only ${known.join(' and ')}`;
      throw new HttpError(400, `query parameters: ${expected}, got ${shown}`);
    }
    if (parameters.has(name)) throw new HttpError(400, `query parameters: expected each once, got ${shown} twice`);
    parameters.set(name, value);
  }
  return parameters;
}

/**
 * Reads `?on_error=` (`reject`, the default, or `skip`) and `?strict=` (`false`, the default, or
 * `true`). Throws a 422 for another value, and a 400 for another parameter.
 */
export function batchOptions(url: string): BatchOptions {
  const parameters = queryParameters(url, ['on_error', 'strict']);
  const given = parameters.get('on_error') ?? 'reject';
  const policy = policies.get(given);
  if (policy === undefined) throw new HttpError(422, `on_error: expected reject or skip, got ${JSON.stringify(given)}`);
  return { policy, isStrict: strictIn(parameters) };
}

/** The value of `?strict=`. Throws a 422 for any value but true and false. */
export function strictIn(parameters: ReadonlyMap<string, string>): boolean {
  const given = parameters.get('strict') ?? 'false';
  if (given !== 'true' && given !== 'false') throw new HttpError(422, `strict: expected true or false, got ${JSON.stringify(given)}`);
  return given === 'true';
}

const policies: ReadonlyMap<string, BatchErrorPolicy> = new Map([
  ['reject', 'REJECT_ALL'],
  ['skip', 'SKIP_REJECTED'],
]);
/** Characters of a received name that a message repeats. */
const maxShownCharacters = 60;
