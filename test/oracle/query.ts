import { parseJson } from '../../src/json/parse-json.ts';
import { stringifyJson } from '../../src/json/stringify-json.ts';
import { adminKey } from '../support/keys.ts';

/** Runs an operation over HTTP; numbers keep their value. Throws if its result is unknown: no response, or UNAVAILABLE. */
export async function runQuery(url: string, query: string, variables: object = {}): Promise<any> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` },
    body: stringifyJson({ query, variables }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  const { data, errors } = parseJson(await response.text()) as { data?: any; errors?: readonly any[] };
  if (errors === undefined) return data;
  if (errors.every((error) => error.extensions?.code === 'UNAVAILABLE')) throw new Error('UNAVAILABLE');
  throw new UnexpectedResponse(
    `${query} ${JSON.stringify(variables).slice(0, 2000)}: ${JSON.stringify(errors)}`,
    errors[0]?.extensions?.code ?? null,
  );
}

/** A response that is wrong in every situation. */
export class UnexpectedResponse extends Error {
  constructor(
    message: string,
    /** The code of its first error, if it has one. */
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

/** Longer than a server is down. */
const requestTimeoutMs = 60_000;
