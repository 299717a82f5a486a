import { GraphQLError, type ExecutionResult, type GraphQLErrorExtensions } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { TidingsError } from '../../errors.ts';
import type { Metrics } from '../../metrics.ts';
import { LimitError } from './limit-error.ts';

/**
 * What of an error a caller sees: expected errors and GraphQL's own as they are; of anything else only that it
 * happened, after it was logged once.
 */
export interface ErrorMask {
  /** The error as its caller sees it. */
  readonly mask: (error: unknown) => Error;
  /** Logs an error that is a bug, with the request that met it, if it was not logged before. */
  readonly report: (error: unknown, requestId: string | undefined) => void;
}

export function createErrorMask(metrics: Metrics, logger: Logger): ErrorMask {
  const logged = new WeakSet();
  const report = (cause: unknown, requestId: string | undefined): void => {
    if (typeof cause === 'object' && cause !== null) {
      if (logged.has(cause)) return;
      logged.add(cause);
    }
    metrics.failures.inc();
    logger.error({ err: cause, requestId }, 'unexpected error');
  };
  return {
    mask(error) {
      const cause = causeOf(error);
      if (isTooDeep(cause)) return new LimitError('expected variables of some levels, got some that are nested too deeply to be read');
      if (cause === null) return error as GraphQLError;
      // Without the error that it wraps, which Yoga would answer with status 500.
      if (cause instanceof TidingsError && error instanceof GraphQLError) return wrapped(error, cause.message, cause.extensions);
      report(cause, undefined);
      const extensions = { code: 'INTERNAL_SERVER_ERROR' };
      return error instanceof GraphQLError ? wrapped(error, message, extensions) : new GraphQLError(message, { extensions });
    },
    report(error, requestId) {
      const cause = causeOf(error);
      if (cause !== null && !(cause instanceof TidingsError) && !isTooDeep(cause)) report(cause, requestId);
    },
  };
}

/** Reports the bugs that an operation has met, with its request. */
export function reportFailures({ report }: ErrorMask): Plugin {
  return {
    onExecute: () => ({
      onExecuteDone({ args, result }) {
        const { requestId } = args.contextValue as { readonly requestId?: string };
        if ('errors' in result) for (const error of (result as ExecutionResult).errors ?? []) report(error, requestId);
      },
    }),
  };
}

/** GraphQL reads variables by recursion, before anything has looked at how deep they are. */
function isTooDeep(cause: unknown): boolean {
  return cause instanceof RangeError && cause.message === 'Maximum call stack size exceeded';
}

function wrapped({ nodes, path }: GraphQLError, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  return new GraphQLError(message, { ...(nodes && { nodes }), ...(path && { path }), extensions });
}

/** What is behind an error; null where GraphQL made it. */
function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError ? rootCause(error) : error;
}

/** The error around which GraphQL wrapped its own; null where GraphQL made the error. */
function rootCause(error: GraphQLError): Error | null {
  const original = error.originalError ?? null;
  return original instanceof GraphQLError ? rootCause(original) : original;
}

const message = 'Something went wrong on the server; it was logged there.';
