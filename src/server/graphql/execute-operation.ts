import { execute, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { createQueryWriter } from './compiled/compiled-queries.ts';
import type { ErrorMask } from './mask-error.ts';

/**
 * Executes queries and mutations with the `onExecute` hooks of plugins, in their order, and then
 * masks errors.
 *
 * Why: Yoga does the same, through a chain of closures and promises for each hook, and with an
 * executor that also streams. Together with a context that it builds in the same way, that took a
 * third of the server's time for an emission.
 *
 * Assumes: the plugins extend no context; no list of the schema is an AsyncIterable.
 * Guarantees: the results of Yoga. Its executor words the errors of requests that cannot be executed.
 */
export interface OperationExecutor {
  /** Whether Yoga has executed an operation, and so its executor is known. */
  readonly isReady: boolean;
  execute(args: ExecutionArgs): Promise<OperationResult>;
  /** Must be the first plugin of Yoga. */
  readonly plugin: Plugin;
}

/** The result of an operation; `json` is the whole of one that was written without executing it. */
export interface OperationResult extends ExecutionResult {
  readonly json?: string;
}

export function createOperationExecutor(plugins: readonly Plugin[], { mask }: ErrorMask): OperationExecutor {
  const hooks = plugins.flatMap(({ onExecute }) => onExecute ?? []);
  let executeByYoga: Execute | null = null;

  const writeQuery = createQueryWriter();
  const executeKnown = async (args: ExecutionArgs): Promise<OperationResult> => {
    const json = await writeQuery(args);
    if (json !== null) return { json };
    const result = await execute(args);
    return 'data' in result || executeByYoga === null ? result : executeByYoga(args); // nothing was executed
  };
  const executeWithHooks = async (args: ExecutionArgs): Promise<OperationResult> => {
    let executeFn: Execute = executeKnown;
    let result: OperationResult | null = null;
    const done: DoneHook[] = [];
    const setExecuteFn = (changed: Execute): void => void (executeFn = changed);
    const setResultAndStopExecution = (stopped: ExecutionResult): void => void (result = stopped);
    for (const onExecute of hooks as readonly unknown[] as readonly ExecuteHook[]) {
      const after = await onExecute({ args, executeFn, setExecuteFn, setResultAndStopExecution });
      if (after?.onExecuteDone !== undefined) done.push(after.onExecuteDone);
      if (result !== null) break;
    }
    const wasStopped = result !== null;
    let current: OperationResult = result ?? (await executeFn(args));
    const setResult = (changed: OperationResult): void => void (current = changed);
    for (const onExecuteDone of done) await onExecuteDone({ args, result: current, setResult });
    const { errors } = current;
    return wasStopped || errors === undefined ? current : { ...current, errors: errors.map((error) => mask(error) as GraphQLError) };
  };
  return {
    get isReady() {
      return executeByYoga !== null;
    },
    execute: executeWithHooks,
    plugin: { onExecute: ({ executeFn }) => void (executeByYoga = executeFn as unknown as Execute) },
  };
}

type Execute = (args: ExecutionArgs) => OperationResult | Promise<OperationResult>;
type DoneHook = (done: {
  readonly args: ExecutionArgs;
  readonly result: ExecutionResult;
  readonly setResult: (result: ExecutionResult) => void;
}) => unknown;
type ExecuteHook = (hook: {
  readonly args: ExecutionArgs;
  readonly executeFn: Execute;
  readonly setExecuteFn: (execute: Execute) => void;
  readonly setResultAndStopExecution: (result: ExecutionResult) => void;
}) => AfterHook | Promise<AfterHook>;
type AfterHook = { readonly onExecuteDone?: DoneHook } | undefined;
