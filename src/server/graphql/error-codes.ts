import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Gives a code to every error that GraphQL itself creates before execution, on every transport.
 * The error mask gives one to those of execution.
 */
export function setErrorCodes(): Plugin {
  return {
    onParse:
      () =>
      ({ result }) => {
        if (result instanceof GraphQLError) setCode(result, 'GRAPHQL_PARSE_FAILED');
      },
    onValidate:
      () =>
      ({ result }) => {
        for (const error of result as readonly GraphQLError[]) setCode(error, 'GRAPHQL_VALIDATION_FAILED');
      },
  };
}

/** Sets the code of an error that has none. */
export function setCode<T extends GraphQLError>(error: T, code: string): T {
  error.extensions['code'] ??= code;
  return error;
}
