import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireRight } from '../auth/caller.ts';
import { documentPath } from '../event/document.ts';
import type { EventLimits } from '../event/limits.ts';
import type { Emitter } from '../ingest/emitter.ts';
import { candidateOf, documentsIn } from './event-documents.ts';
import { policyOf, replyWith } from './batch-response.ts';
import { readBody } from '../transport/read-body.ts';
import { answerVisit, type Reply, type Visit, type VisitParts } from './handle-request.ts';
import { HttpError } from '../transport/http-error.ts';

/** What a door needs that takes events by POST. */
export interface PostEventsParts extends VisitParts {
  readonly emitter: Emitter;
  readonly limits: EventLimits & { readonly bodyBytes: number };
}

const eventsPath = '/api/events';
const door = 'documents';

/**
 * Events as plain documents, by POST: one, an array, or NDJSON, gzip or not. Promises: 204 once all are durable, in one
 * transaction; a batch with a refused event stores nothing and gets a 422, or with `?on_error=skip` stores the others and
 * gets a 200 that says what became of each.
 */
export function createPostEvents(parts: PostEventsParts) {
  return {
    opensAt: (path: string): boolean => path === eventsPath,
    handle: (request: IncomingMessage, response: ServerResponse): Promise<void> =>
      answerVisit(parts, { request, response, door }, (visit) => post(parts, request, visit)),
  };
}

async function post({ emitter, limits, metrics }: PostEventsParts, request: IncomingMessage, { caller, spend }: Visit): Promise<Reply> {
  if (request.method !== 'POST')
    throw new HttpError(405, `expected POST at ${eventsPath}, got ${request.method}`, { headers: { allow: 'POST' } });
  requireRight(caller, 'emit');
  const policy = policyOf(request.url ?? '');
  const { alone, items } = documentsIn(await readBody(request, limits.bodyBytes), request.headers['content-type']);
  spend(1 + items.length);
  const candidates = items.map((item, index) => candidateOf(item, alone ? [] : [String(index)], limits));
  const { outcomes } = await emitter.emit(candidates, policy, caller);
  for (const { status } of outcomes) metrics.throughDoors.inc({ door, status: status.toLowerCase() });
  return replyWith({ outcomes, alone, placeOf: (_index, path) => documentPath(path) }, policy);
}
