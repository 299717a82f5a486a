/** An operation over HTTP. Throws when nothing is known of its fate: no answer, or UNAVAILABLE. */
export async function runQuery(url: string, query: string, variables: object = {}): Promise<any> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  const { data, errors } = (await response.json()) as { data?: any; errors?: readonly any[] };
  if (errors === undefined) return data;
  if (errors.every((error) => error.extensions?.code === 'UNAVAILABLE')) throw new Error('UNAVAILABLE');
  throw new UnexpectedResponse(
    `${query} ${JSON.stringify(variables).slice(0, 2000)}: ${JSON.stringify(errors)}`,
    errors[0]?.extensions?.code ?? null,
  );
}

/** An answer that no server may give, whatever happens to it. */
export class UnexpectedResponse extends Error {
  constructor(
    message: string,
    /** The code of its first error, where it has one. */
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

/** Longer than a server is away. */
const requestTimeoutMs = 60_000;
