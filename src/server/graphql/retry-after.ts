import type { Plugin } from 'graphql-yoga';

/**
 * Sets the HTTP status of an operation that returned no data and can be repeated later, for proxies
 * and clients that do not know GraphQL: 503 for UNAVAILABLE, 429 for the rate limit, each with
 * `retry-after`. If some fields returned data, the status stays 200.
 */
export function setRetryAfter(): Plugin {
  return {
    onExecutionResult(done) {
      const { result } = done;
      if (result === undefined || !('errors' in result) || !isEmptyData(result.data)) return;
      const { code, retryAfterMs } = result.errors?.[0]?.extensions ?? {};
      if (typeof retryAfterMs !== 'number') return;
      const http = { status: code === 'UNAVAILABLE' ? 503 : 429, headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } };
      done.setResult({ ...result, extensions: { http } } as typeof result);
    },
  };
}

function isEmptyData(data: unknown): boolean {
  return typeof data !== 'object' || data === null || Object.values(data).every((value) => value === null);
}
