import { GraphQLError, type ExecutionResult, type GraphQLErrorExtensions } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { TidingsError } from '../../errors.ts';
import type { Metrics } from '../../metrics.ts';
import { setCode, shortened } from './error-codes.ts';
import { LimitError } from './limits/limit-error.ts';

/**
 * Decides what clients see of an error: expected errors and GraphQL's own unchanged; of any other
 * error, which is a bug, only that it occurred. Bugs are logged once.
 */
export interface ErrorMask {
  /** The error as the client sees it. */
  readonly mask: (error: unknown) => Error;
  /** Logs an error that is a bug, with the id of its request, unless it was logged before. */
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
      if (isTooDeep(cause)) return new LimitError('expected variables with fewer levels, got some that are nested too deeply to be read');
      if (cause === null) return setCode(shortened(error as GraphQLError), 'BAD_USER_INPUT'); // variables, or the operation's name
      // Without the original error, for which Yoga would respond with status 500.
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

/** Reports the bugs that occur in operations, with the id of the request. */
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

/** GraphQL coerces variables by recursion, before any check of their depth. */
function isTooDeep(cause: unknown): boolean {
  return cause instanceof RangeError && cause.message === 'Maximum call stack size exceeded';
}

function wrapped({ nodes, path }: GraphQLError, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  return new GraphQLError(message, { ...(nodes && { nodes }), ...(path && { path }), extensions });
}

/** The cause of an error; null if GraphQL itself created it. */
function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError ? rootCause(error) : error;
}

/** The innermost error that GraphQL wrapped; null if GraphQL itself created it. */
function rootCause(error: GraphQLError): Error | null {
  const original = error.originalError ?? null;
  return original instanceof GraphQLError ? rootCause(original) : original;
}

const message = 'Internal server error; the server has logged its cause.';
