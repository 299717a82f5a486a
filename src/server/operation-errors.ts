import { GraphQLError } from 'graphql';
import { setCode } from './graphql/error-codes.ts';

export function hasErrors(result: object): result is { readonly errors: readonly GraphQLError[] } {
  return 'errors' in result && Array.isArray(result.errors);
}

/** Removes what Yoga adds for HTTP. */
export function withoutStatus({
  message,
  nodes,
  source,
  positions,
  path,
  extensions: { http: _http, ...extensions },
}: GraphQLError): GraphQLError {
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  });
}

/** The error of Yoga, which only reports it over HTTP. */
export function unknownOperation(): GraphQLError {
  return setCode(new GraphQLError('Could not determine what operation to execute.'), 'OPERATION_RESOLUTION_FAILURE');
}
