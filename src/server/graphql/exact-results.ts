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
      const results = (Array.isArray(result) ? result : [result]) as readonly ExecutionResult[];
      for (const each of results) {
        const isWhole = !Array.isArray(result) && each.extensions === undefined && isLargeResult(each);
        const bytes = isWhole ? await runInLaterSlices(stringifyJsonInSteps({ data: each.data })) : null;
        Object.assign(each, { stringify: bytes === null ? stringifyJson : () => bytes });
      }
    },
  };
}
