import type { IncomingMessage, ServerResponse } from 'node:http';
import { getOperationAST, OperationTypeNode, type DocumentNode, type GraphQLError, type GraphQLSchema } from 'graphql';
import { processRegularResult, type FetchAPI, type GraphQLParams } from 'graphql-yoga';
import type { Client } from '../../auth/caller.ts';
import { stringifyJson } from '../../json/stringify-json.ts';
import { compress, isCompressed } from '../../transport/compress.ts';
import type { DocumentCache } from './document-cache.ts';
import { exactJson } from './exact-results.ts';
import type { OperationExecutor, OperationResult } from './execute-operation.ts';
import type { ErrorMask } from './mask-error.ts';
import { graphqlPath } from './path.ts';
import type { PersistedQueries } from './persisted-queries.ts';
import { jsonBodyOf } from './request-body.ts';
import { withHttpStatus } from './retry-after.ts';

/**
 * Serves queries and mutations that are posted as JSON, as nearly all are, without the requests,
 * responses and streams of the Fetch API that Yoga makes for each: a quarter of the time of an emission.
 *
 * Guarantees: a response equals Yoga's in status, headers and body, except the spaces inside of payloads. The operation
 * runs with the same plugins, so each check and limit holds for it.
 * Does not guarantee: to serve a request. Documents are parsed and validated by Yoga, which serves
 * each new one, and everything unusual: errors in the request, other media types, subscriptions.
 */
export interface PostedOperations {
  /** Returns whether it has sent a response. */
  serve(request: IncomingMessage, response: ServerResponse, client: Client): Promise<boolean>;
}

export interface PostedOperationParts {
  readonly fetchAPI: FetchAPI;
  readonly schema: GraphQLSchema;
  readonly createContext: (client: Client) => object;
  readonly executor: OperationExecutor;
  readonly documents: DocumentCache;
  readonly persisted: PersistedQueries;
  readonly errors: ErrorMask;
}

export function createPostedOperations({
  fetchAPI,
  schema,
  createContext,
  executor,
  documents,
  persisted,
  errors,
}: PostedOperationParts): PostedOperations {
  const knownDocument = (params: GraphQLParams): DocumentNode | undefined => {
    const { query, operationName, variables, extensions } = params;
    if (!isOptional(query, 'string') || !isOptional(operationName, 'string')) return undefined;
    if (!isOptional(variables, 'object') || !isOptional(extensions, 'object')) return undefined;
    const text = documentText(persisted, params);
    const document = text === undefined ? undefined : documents.valid(text);
    const operation = document === undefined ? null : getOperationAST(document, operationName);
    return operation === null || operation === undefined || operation.operation === OperationTypeNode.SUBSCRIPTION ? undefined : document;
  };
  const execute = async (
    document: DocumentNode,
    { operationName, variables: variableValues }: GraphQLParams,
    client: Client,
  ): Promise<OperationResult> => {
    try {
      const contextValue = Object.assign(client, createContext(client));
      return await executor.execute({ schema, document, contextValue, variableValues, operationName });
    } catch (error) {
      return { errors: [errors.mask(error) as GraphQLError] };
    }
  };
  return {
    async serve(req, res, client) {
      const mediaType = mediaTypes.get(req.headers.accept);
      const body = jsonBodyOf(req);
      if (mediaType === undefined || body === null || req.url !== graphqlPath) return false;
      const params = await body.params();
      if (params === null || Array.isArray(params)) return false;
      const document = knownDocument(params);
      if (document === undefined || !executor.isReady) return false;
      body.release();
      const result = await execute(document, params, Object.assign({ ...client }, { req, res, params }));
      await send({ result: withHttpStatus(result), mediaType, fetchAPI }, req, res);
      return true;
    },
  };
}

/** Undefined: there is none, or Yoga reports why. */
function documentText(persisted: PersistedQueries, params: GraphQLParams): string | undefined {
  try {
    return persisted.documentOf(params);
  } catch {
    return undefined;
  }
}

function isOptional(value: unknown, type: 'string' | 'object'): boolean {
  return value === undefined || value === null || (typeof value === type && !Array.isArray(value));
}

interface Outcome {
  readonly result: OperationResult;
  readonly mediaType: string;
  readonly fetchAPI: FetchAPI;
}

async function send({ result, mediaType, fetchAPI }: Outcome, { headers }: IncomingMessage, response: ServerResponse): Promise<void> {
  if (result.errors === undefined && result.extensions === undefined) {
    const json = result.json ?? (await exactJson(result))(result);
    response.setHeader('content-type', `${mediaType}; charset=utf-8`);
    return sendJson(response, json, headers['accept-encoding']);
  }
  const byYoga = processRegularResult(Object.assign(result, { stringify: stringifyJson }), fetchAPI, mediaType);
  response.statusCode = byYoga.status;
  byYoga.headers.forEach((value, name) => response.setHeader(name, value));
  await sendJson(response, await byYoga.text(), headers['accept-encoding']);
}

async function sendJson(response: ServerResponse, json: string | Uint8Array, accepted: string | undefined): Promise<void> {
  const length = Buffer.byteLength(json);
  const isPlain = !isCompressed(length, accepted);
  const body = isPlain ? json : await compress(Buffer.from(json as string));
  if (response.headersSent || response.destroyed) return; // the client has left, or its key has ended
  response.appendHeader('vary', 'accept-encoding');
  if (!isPlain) response.setHeader('content-encoding', 'gzip');
  response.setHeader('content-length', isPlain ? length : body.length);
  response.end(body);
}

/** The media type of the response by the header `Accept`, for those that clients send. */
const mediaTypes = new Map<string | undefined, string>([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/json', 'application/json'],
  ['application/json, text/plain, */*', 'application/json'],
  ['application/graphql-response+json', 'application/graphql-response+json'],
  ['application/graphql-response+json, application/json', 'application/graphql-response+json'],
  ['application/graphql-response+json,application/json;q=0.9', 'application/graphql-response+json'],
]);
