import { getOperationAST, type ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { clientOf, type Asking } from './client-of.ts';
import { LimitError } from './limit-error.ts';
import { costOf } from './operation-cost.ts';
import { Rate } from './rate.ts';

export interface CostLimits {
  /** Of one operation. */
  readonly queryCost: number;
  /** Of all that one client asks in a minute; 0: no limit. */
  readonly costPerMinute: number;
}

/**
 * Refuses operations that would cost too much, before anything of them is executed, on every transport. Not a rule of
 * validation, whose verdicts are kept for the next time, whatever the variables are then.
 */
export function limitCost({ queryCost, costPerMinute }: CostLimits): Plugin {
  const rate = costPerMinute === 0 ? null : new Rate(costPerMinute);
  const refusalOf = (args: ExecutionArgs): LimitError | null => {
    const { schema, document, operationName, variableValues, contextValue } = args;
    const operation = getOperationAST(document, operationName);
    if (operation === null || operation === undefined) return null; // execution says so
    const cost = Math.ceil(costOf({ schema, document, operation, variables: variableValues ?? {} }));
    if (cost > queryCost) return tooMuch(queryCost, cost);
    const retryAfterMs = rate?.take(clientOf(contextValue as Asking), cost) ?? null;
    return retryAfterMs === null ? null : tooOften({ cost, costPerMinute, retryAfterMs });
  };
  const check = ({ args, setResultAndStopExecution }: Hook): void => {
    const refusal = refusalOf(args);
    if (refusal !== null) setResultAndStopExecution({ errors: [refusal] });
  };
  return {
    onExecute: check,
    onSubscribe: check,
    // Over HTTP only, where a refusal that passes has a status and a header of its own.
    onExecutionResult(done) {
      const { result } = done;
      const retryAfterMs = result !== undefined && 'errors' in result ? retryAfter(result.errors) : null;
      if (result === undefined || retryAfterMs === null) return;
      const http = { status: 429, headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } };
      done.setResult({ ...result, extensions: { http } } as typeof result);
    },
  };
}

function retryAfter(errors: readonly unknown[] | undefined): number | null {
  const [error] = errors ?? [];
  const { retryAfterMs } = error instanceof LimitError ? error.extensions : {};
  return typeof retryAfterMs === 'number' ? retryAfterMs : null;
}

interface Hook {
  readonly args: ExecutionArgs;
  readonly setResultAndStopExecution: (result: { readonly errors: readonly LimitError[] }) => void;
}

function tooMuch(most: number, cost: number): LimitError {
  return new LimitError(
    `expected an operation of cost ${most} at most, which is about the number of values in its answer, got ${cost}; ` +
      'ask for fewer fields, shorter pages (first, last, batchSize, maxEvents), or less within each element of a list',
  );
}

interface Excess {
  readonly cost: number;
  readonly costPerMinute: number;
  readonly retryAfterMs: number;
}

function tooOften({ cost, costPerMinute, retryAfterMs }: Excess): LimitError {
  const allowance = `expected operations of cost ${costPerMinute} a minute at most, got another one of ${cost}`;
  if (cost > costPerMinute) return new LimitError(`${allowance}, which is never allowed`);
  return new LimitError(`${allowance}; repeat it after ${retryAfterMs} ms`, retryAfterMs);
}
