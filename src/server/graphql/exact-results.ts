import { defaultFieldResolver, type ExecutionResult, type GraphQLFieldResolver } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { runInLaterSlices } from '../../concurrency/time-slices.ts';
import { isLargeResult } from './limits/large-result.ts';
import { JsonText, jsonTextOf } from '../../json/json-text.ts';
import { stringifyJsonInSteps } from '../../json/stringify-in-steps.ts';
import { stringifyJson } from '../../json/stringify-json.ts';

/**
 * Writes the results of queries and mutations over HTTP with `stringifyJson`, large ones in slices of
 * the event loop. Yoga passes on what `stringify` returns as the body of the response. JSON that an object keeps
 * as text is passed on (exact-messages.ts writes it over WebSocket).
 */
export function exactResults(): Plugin {
  return {
    onExecute({ args }) {
      Object.assign(args, { fieldResolver: passJsonText });
    },
    async onResultProcess({ result }) {
      if (result === undefined || Symbol.asyncIterator in result) return;
      if (Array.isArray(result)) for (const each of result as readonly ExecutionResult[]) Object.assign(each, { stringify: stringifyJson });
      else Object.assign(result, { stringify: await exactJson(result as ExecutionResult) });
    },
  };
}

/** A field without a resolver: the member of its name, as text if the object has that. */
const passJsonText: GraphQLFieldResolver<unknown, unknown> = (...field) => {
  const [source, , , { fieldName }] = field;
  const text = jsonTextOf(source, fieldName);
  return text === null ? defaultFieldResolver(...field) : new JsonText(text);
};

/** Returns the function that writes a result; a large one is written already. */
export async function exactJson(result: ExecutionResult): Promise<(result: ExecutionResult) => string | Uint8Array> {
  if (result.extensions !== undefined || !isLargeResult(result)) return stringifyJson;
  const bytes = await runInLaterSlices(stringifyJsonInSteps({ data: result.data }));
  return () => bytes;
}
