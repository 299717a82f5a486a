import { getOperationAST, type ExecutionArgs, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { requestCost, type RateLimit } from '../../../transport/rate-limit.ts';
import type { RateLimitedClient } from '../../../transport/client.ts';
import { LimitError } from './limit-error.ts';
import { costOf } from './operation-cost.ts';
import { variableErrors } from './variable-limits.ts';

export interface CostLimits {
  /** The maximum cost of one operation. */
  readonly queryCost: number;
}

/**
 * Rejects operations that would cost too much before they are executed, on every transport. It is
 * not a validation rule, because Yoga caches the results of validation by document, and the cost
 * depends on the variables.
 */
export function limitCost({ queryCost }: CostLimits, rateLimit: RateLimit, maskError: MaskError): Plugin {
  const errorsOf = (args: ExecutionArgs): readonly GraphQLError[] => {
    const { schema, document, operationName, variableValues, contextValue } = args;
    const operation = getOperationAST(document, operationName);
    if (operation === null || operation === undefined) return []; // execution reports the error
    const variables = variableValues ?? {};
    const invalid = variableErrors(schema, operation, variables);
    if (invalid.length > 0)
      return invalid.map((error) => (error instanceof LimitError ? error : badRequest(maskError(error, '') as GraphQLError)));
    const cost = Math.ceil(costOf({ schema, document, operation, variables }));
    if (cost > queryCost) return [costExceeded(queryCost, cost)];
    const client = contextValue as RequestingClient;
    const exceeded = rateLimit.take(client, Math.max(cost, requestCost(client.requestBytes ?? 0)));
    return exceeded === null ? [] : [new LimitError(exceeded.message, exceeded.retryAfterMs)];
  };
  const check = ({ args, setResultAndStopExecution }: Hook): void => {
    const errors = errorsOf(args);
    if (errors.length > 0) setResultAndStopExecution({ errors });
  };
  return { onExecute: check, onSubscribe: check };
}

/** The status that execution gives to wrong variables. */
function badRequest(error: GraphQLError): GraphQLError {
  error.extensions['http'] ??= { status: 400 };
  return error;
}

type MaskError = (error: unknown, message: string) => Error;

interface RequestingClient extends RateLimitedClient {
  readonly requestBytes?: number;
}

interface Hook {
  readonly args: ExecutionArgs;
  readonly setResultAndStopExecution: (result: { readonly errors: readonly GraphQLError[] }) => void;
}

function costExceeded(maxCost: number, cost: number): LimitError {
  return new LimitError(
    `expected an operation of cost ${maxCost} at most, which is about the number of values in its response, got ${cost}; ` +
      'request fewer fields, shorter pages (first, last, batchSize, maxEvents), or less within each element of a list',
  );
}
