import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireRight, type Caller } from '../auth/caller.ts';
import { documentPath } from '../event/document.ts';
import type { EventLimits } from '../event/limits.ts';
import type { Problem } from '../event/problem.ts';
import type { BatchErrorPolicy, Emitter, Outcome } from '../ingest/emit.ts';
import { candidateOf, documentsIn } from './documents.ts';
import { readBody } from './request-body.ts';
import { answerVisit, Refusal, type Reply, type VisitParts } from './visit.ts';

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
      answerVisit(parts, { request, response, door }, (caller) => post(parts, request, caller)),
  };
}

async function post({ emitter, limits, metrics }: PostEventsParts, request: IncomingMessage, caller: Caller): Promise<Reply> {
  if (request.method !== 'POST') throw new Refusal(405, `expected POST at ${eventsPath}, got ${request.method}`, { allow: 'POST' });
  requireRight(caller, 'emit');
  const policy = policyOf(request.url ?? '');
  const { alone, items } = documentsIn(await readBody(request, limits.bodyBytes), request.headers['content-type']);
  if (items.length > mostEvents) throw new Refusal(413, `expected at most ${mostEvents} events in one request, got ${items.length}`);
  const candidates = items.map((item, index) => candidateOf(item, alone ? [] : [String(index)], limits));
  const { outcomes } = await emitter.emit(candidates, policy, caller);
  for (const { status } of outcomes) metrics.throughDoors.inc({ door, status: status.toLowerCase() });
  return policy === 'SKIP_REJECTED' ? itemized(outcomes, alone) : allOrNothing(outcomes, alone);
}

function policyOf(url: string): BatchErrorPolicy {
  const given = new URLSearchParams(url.split('?')[1] ?? '').get('on_error') ?? 'reject';
  const policy = policies.get(given);
  if (policy === undefined) throw new Refusal(422, `on_error: expected reject or skip, got ${JSON.stringify(given)}`);
  return policy;
}

const policies: ReadonlyMap<string, BatchErrorPolicy> = new Map([
  ['reject', 'REJECT_ALL'],
  ['skip', 'SKIP_REJECTED'],
]);

function allOrNothing(outcomes: readonly Outcome[], alone: boolean): Reply {
  const refused = outcomes.flatMap((outcome, index) =>
    outcome.status === 'REJECTED' ? [detailsOf(outcome.problems, alone ? null : index)] : [],
  );
  if (refused.length === 0) return { status: 204 };
  const details = refused.flat();
  const faulty = refused.filter((each) => each.length > 0).length;
  return {
    status: 422,
    json: {
      exception_message: `Nothing was stored: ${faulty} of ${outcomes.length} events were refused.`,
      exception_detail: details.slice(0, mostDetails),
    },
  };
}

function itemized(outcomes: readonly Outcome[], alone: boolean): Reply {
  const having = (status: Outcome['status']): number => outcomes.filter((each) => each.status === status).length;
  const results = outcomes.map((outcome, index) => ({
    index,
    status: outcome.status.toLowerCase(),
    ...(outcome.status === 'REJECTED' && { detail: detailsOf(outcome.problems, alone ? null : index) }),
  }));
  return {
    status: 200,
    json: { created: having('CREATED'), duplicates: having('DUPLICATE'), rejected: having('REJECTED'), results },
  };
}

/** A problem as Prefect's server would put it: where in the body, in the words of the document. */
interface Detail {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

/** Those of one event; none for what was refused only for the sake of others. */
function detailsOf(problems: readonly Problem[], index: number | null): readonly Detail[] {
  return problems
    .filter(({ code }) => code !== 'BATCH_REJECTED')
    .map(({ code, path, message }) => {
      const prefix = `${path.join('.')}: `;
      const place = documentPath(index === null ? path : path.slice(1));
      const loc = ['body', ...(index === null ? [] : [index]), ...place];
      return { loc, msg: message.startsWith(prefix) ? message.slice(prefix.length) : message, type: code.toLowerCase() };
    });
}

/**
 * All events of a request are one transaction, while which nobody sees what others store beside it: some seconds at worst.
 */
const mostEvents = 50_000;
/** Of a batch that was refused; the message says how many events were. */
const mostDetails = 1000;
