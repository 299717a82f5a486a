import { GraphQLError, type GraphQLErrorExtensions } from 'graphql';
import type { Logger } from 'pino';
import { TidingsError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { LimitError } from './limit-error.ts';

/**
 * What of an error a caller sees: expected errors and GraphQL's own as they are; of anything else only that it
 * happened, after it was logged once.
 */
export function maskError(metrics: Metrics, logger: Logger): (error: unknown) => Error {
  const logged = new WeakSet();
  return (error) => {
    if (isTooDeep(error)) return new LimitError('expected variables of some levels, got some that are nested too deeply to be read');
    if (!(error instanceof GraphQLError)) return masked(error, error);
    const cause = rootCause(error);
    if (cause === null) return error;
    // Without the error that it wraps, which Yoga would answer with status 500.
    return cause instanceof TidingsError ? wrapped(error, cause.message, cause.extensions) : masked(error, cause);
  };

  function masked(error: unknown, cause: unknown): GraphQLError {
    if (typeof cause !== 'object' || cause === null || !logged.has(cause)) {
      if (typeof cause === 'object' && cause !== null) logged.add(cause);
      metrics.failures.inc();
      logger.error({ err: cause }, 'unexpected error');
    }
    const extensions = { code: 'INTERNAL_SERVER_ERROR' };
    return error instanceof GraphQLError ? wrapped(error, message, extensions) : new GraphQLError(message, { extensions });
  }
}

/** GraphQL reads variables by recursion, before anything has looked at how deep they are. */
function isTooDeep(error: unknown): boolean {
  const cause = error instanceof GraphQLError ? rootCause(error) : error;
  return cause instanceof RangeError && cause.message === 'Maximum call stack size exceeded';
}

function wrapped({ nodes, path }: GraphQLError, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  return new GraphQLError(message, { ...(nodes && { nodes }), ...(path && { path }), extensions });
}

/** The error around which GraphQL wrapped its own; null where GraphQL made the error. */
function rootCause(error: GraphQLError): Error | null {
  const original = error.originalError ?? null;
  return original instanceof GraphQLError ? rootCause(original) : original;
}

const message = 'Something went wrong on the server; it was logged there.';
