import { getOperationAST, type ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { errorCodes } from '../../errors.ts';
import type { Metrics } from '../../metrics.ts';

/**
 * Measures operations and counts rejected ones, on every transport. Must come before the plugins
 * that reject.
 */
export function measureOperations({ rejectedRequests, operationSeconds }: Pick<Metrics, 'rejectedRequests' | 'operationSeconds'>): Plugin {
  const count = (errors: readonly unknown[] | undefined): void => {
    const reasons = new Set(errors?.flatMap((error) => reasonOf(error) ?? []));
    for (const reason of reasons) rejectedRequests.inc({ reason });
  };
  const countOf = ({ result }: { readonly result: unknown }): void => {
    if (typeof result === 'object' && result !== null && 'errors' in result) count(result.errors as readonly unknown[]);
  };
  return {
    onParse:
      () =>
      ({ result }) => {
        if (result instanceof Error) rejectedRequests.inc({ reason: reasonOf(result) ?? 'SYNTAX' });
      },
    onValidate:
      () =>
      ({ valid, result }) => {
        if (!valid) rejectedRequests.inc({ reason: reasonOf(result[0]) ?? 'VALIDATION' });
      },
    onExecute({ args }) {
      const { document, operationName } = args as ExecutionArgs;
      const stop = operationSeconds.startTimer({ operation: getOperationAST(document, operationName)?.operation ?? 'query' });
      return {
        onExecuteDone(done) {
          stop();
          countOf(done);
        },
      };
    },
    onSubscribe: () => ({ onSubscribeResult: countOf }),
  };
}

/** The code of an expected error; null for other codes, which must not become values of a label. */
function reasonOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('extensions' in error)) return null;
  const { code } = (error.extensions ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && Object.hasOwn(errorCodes, code) ? code : null;
}
