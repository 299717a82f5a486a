import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Gives a code and a short message to every error that GraphQL itself creates before execution, on every
 * transport. The error mask does that for those of execution.
 */
export function setErrorCodes(): Plugin {
  return {
    onParse:
      () =>
      ({ result }) => {
        if (result instanceof GraphQLError) setCode(shortened(result), 'GRAPHQL_PARSE_FAILED');
      },
    onValidate:
      () =>
      ({ result }) => {
        for (const error of result as readonly GraphQLError[]) setCode(shortened(error), 'GRAPHQL_VALIDATION_FAILED');
      },
  };
}

/** Sets the code of an error that has none. */
export function setCode<T extends GraphQLError>(error: T, code: string): T {
  error.extensions['code'] ??= code;
  return error;
}

/** GraphQL repeats names and wrong values in its messages, whatever their size. */
export function shortened<T extends GraphQLError>(error: T): T {
  if (error.message.length > maxMessageCharacters) error.message = `${error.message.slice(0, maxMessageCharacters).toWellFormed()}…`;
  return error;
}

const maxMessageCharacters = 1000;
