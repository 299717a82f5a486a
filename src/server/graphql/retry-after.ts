import { GraphQLError, type ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Sets the HTTP status of an operation that returned no data and can be repeated later, for proxies
 * and clients that do not know GraphQL: 503 for UNAVAILABLE, 429 for the rate limit, each with
 * `retry-after`. If some fields returned data, the status stays 200. An operation that was rejected
 * before its execution for another reason has the status 400, as `application/json` 200.
 */
export function setRetryAfter(): Plugin {
  return {
    onExecutionResult(done) {
      const { result } = done;
      if (result !== undefined && 'errors' in result) done.setResult(withHttpStatus(result as ExecutionResult) as typeof result);
    },
  };
}

/** The result with the status and headers of its HTTP response, where Yoga would choose others. */
export function withHttpStatus(result: ExecutionResult): ExecutionResult {
  const { errors, data } = result;
  if (errors === undefined || !isEmptyData(data)) return result;
  const { code, retryAfterMs } = errors[0]?.extensions ?? {};
  if (typeof retryAfterMs !== 'number') return data === undefined ? { ...result, errors: errors.map(withStatus) } : result;
  const http = { status: code === 'UNAVAILABLE' ? 503 : 429, headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } };
  return { ...result, extensions: { http } };
}

/** `spec`: Yoga sets the status only for `application/graphql-response+json`. */
function withStatus(error: GraphQLError): GraphQLError {
  const { message, nodes = null, source = null, positions = null, path = null, extensions } = error;
  if (extensions['http'] !== undefined) return error;
  const status = extensions['code'] === 'INTERNAL_SERVER_ERROR' ? 500 : 400;
  return new GraphQLError(message, { nodes, source, positions, path, extensions: { ...extensions, http: { status, spec: true } } });
}

function isEmptyData(data: unknown): boolean {
  return typeof data !== 'object' || data === null || Object.values(data).every((value) => value === null);
}
