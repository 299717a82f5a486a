import type { IncomingMessage, ServerResponse } from 'node:http';
import { requirePermission } from '../auth/caller.ts';
import { mapInSlices } from '../concurrency/time-slices.ts';
import { documentPath } from '../event/document.ts';
import type { EventLimits } from '../event/limits.ts';
import { HttpError } from '../transport/http-error.ts';
import { requestCost } from '../transport/rate-limit.ts';
import { readBody } from '../transport/read-body.ts';
import { batchResponse } from './batch-response.ts';
import { emitBatch, type EmitBatchParts } from './emit-batch.ts';
import { candidateOf, documentsIn } from './event-documents.ts';
import { handleRequest, type HttpResponse, type AuthenticatedRequest, type RequestHandlerParts } from './handle-request.ts';
import { batchOptions } from './query-parameters.ts';

/** Dependencies of the adapters that receive events by POST. */
export interface PostEventsParts extends RequestHandlerParts, Omit<EmitBatchParts, 'metrics'> {
  readonly limits: EventLimits & { readonly bodyBytes: number };
}

const eventsPath = '/api/events';
const protocol = 'documents';

/**
 * The route for event documents: one, an array, or NDJSON, optionally compressed.
 *
 * Guarantees: returns 204 once every event is durable, stored in one transaction, or 200 with
 * warnings if members were ignored. If any event is invalid, returns 422 and stores nothing. With
 * `?on_error=skip`, stores the valid events and returns 200 with a result for each.
 */
export function createPostEvents(parts: PostEventsParts) {
  return {
    matchesPath: (path: string): boolean => path === eventsPath,
    handle: (request: IncomingMessage, response: ServerResponse): Promise<void> =>
      handleRequest(parts, { request, response, protocol }, (authenticated) => post(parts, request, authenticated)),
  };
}

async function post(parts: PostEventsParts, request: IncomingMessage, { caller, charge }: AuthenticatedRequest): Promise<HttpResponse> {
  if (request.method !== 'POST')
    throw new HttpError(405, `expected POST at ${eventsPath}, got ${request.method}`, { headers: { allow: 'POST' } });
  requirePermission(caller, 'emit');
  const { policy, isStrict } = batchOptions(request.url ?? '');
  const body = await readBody(request, parts.limits.bodyBytes);
  const parsingCost = requestCost(body.length);
  charge(parsingCost);
  const { isSingle, items } = await documentsIn(body, request.headers['content-type']);
  charge(Math.max(0, 1 + items.length - parsingCost));
  const events = await mapInSlices(items, (item, index) => candidateOf(item, isSingle ? [] : [String(index)], isStrict));
  const outcomes = await emitBatch(parts, { events, policy, caller, protocol });
  return batchResponse({ outcomes, events, isSingle, sourcePathOf: (_index, path) => documentPath(path) }, policy);
}
