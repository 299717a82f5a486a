import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { runInLaterSlices } from '../../concurrency/time-slices.ts';
import { isLargeResult } from './limits/large-result.ts';
import { stringifyJsonInSteps } from '../../json/stringify-in-steps.ts';
import { stringifyJson } from '../../json/stringify-json.ts';

/**
 * Writes the results of queries and mutations over HTTP with `stringifyJson`, large ones in slices of
 * the event loop. Yoga passes on what `stringify` returns as the body of the response.
 */
export function exactResults(): Plugin {
  return {
    async onResultProcess({ result }) {
      if (result === undefined || Symbol.asyncIterator in result) return;
      if (Array.isArray(result)) for (const each of result as readonly ExecutionResult[]) Object.assign(each, { stringify: stringifyJson });
      else Object.assign(result, { stringify: await exactJson(result as ExecutionResult) });
    },
  };
}

/** Returns the function that writes a result; a large one is written already. */
export async function exactJson(result: ExecutionResult): Promise<(result: ExecutionResult) => string | Uint8Array> {
  if (result.extensions !== undefined || !isLargeResult(result)) return stringifyJson;
  const bytes = await runInLaterSlices(stringifyJsonInSteps({ data: result.data }));
  return () => bytes;
}
