import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { stringifyJson } from '../../json/stringify-json.ts';

/** Writes the results of queries and mutations over HTTP with `stringifyJson`. */
export function exactResults(): Plugin {
  return {
    onResultProcess({ result }) {
      if (result === undefined || Symbol.asyncIterator in result) return;
      const results = (Array.isArray(result) ? result : [result]) as readonly ExecutionResult[];
      for (const each of results) Object.assign(each, { stringify: stringifyJson });
    },
  };
}
