import type { ServerResponse } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import { compress, isCompressed } from '../../transport/compress.ts';

/** Compresses large JSON responses. Event streams pass unchanged. */
export function compressResponses(): Plugin<{ readonly res?: ServerResponse }> {
  return {
    async onResponse(hook) {
      const { request, response, fetchAPI, serverContext } = hook;
      if (!isJson.test(response.headers.get('content-type') ?? '')) return;
      const { res } = serverContext as { readonly res?: ServerResponse };
      res?.appendHeader('vary', 'accept-encoding'); // not in `response`, where it would hide that of the origin policy
      if (!isCompressed(Number(response.headers.get('content-length')), request.headers.get('accept-encoding'))) return;
      const headers = new fetchAPI.Headers(response.headers);
      headers.delete('content-length');
      headers.set('content-encoding', 'gzip');
      const body = await compress(Buffer.from(await response.arrayBuffer()));
      hook.setResponse(new fetchAPI.Response(body as Uint8Array<ArrayBuffer>, { status: response.status, headers }));
    },
  };
}

const isJson = /^application\/(?:graphql-response\+)?json\b/;
