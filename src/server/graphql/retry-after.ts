import type { Plugin } from 'graphql-yoga';

/**
 * Over HTTP, an operation that came to nothing and may be repeated later has the status that says so, which proxies and clients
 * that know nothing of GraphQL understand as well: 503 where the server cannot now, 429 where the client has asked too much; and when,
 * in `retry-after`. Where some of it was answered, the status is 200, and the errors say the rest.
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
