import type { IncomingMessage } from 'node:http';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { bodyOf } from './request-body.ts';

/**
 * Takes a JSON request's parameters from the body that was read already, without the streams that Yoga would put around
 * it. What is no JSON object or list goes the usual way, and gets Yoga's errors.
 */
export function parsedBody(): Plugin<{ readonly req?: IncomingMessage }> {
  return {
    onRequestParse({ serverContext, requestParser, setRequestParser }) {
      const request = (serverContext as { readonly req?: IncomingMessage }).req;
      const body = request === undefined ? null : bodyOf(request);
      if (request === undefined || body === null || requestParser === undefined || !isJson(request)) return;
      setRequestParser((usual) => parsed(body.text()) ?? requestParser(usual));
    },
  };
}

function isJson({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && /^application\/json(;|$)/.test(headers['content-type'] ?? '');
}

function parsed(text: string): GraphQLParams | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as GraphQLParams | null) : null;
  } catch {
    return null;
  }
}
