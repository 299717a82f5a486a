import type { Problem } from '../event/problem.ts';
import type { BatchErrorPolicy, Outcome } from '../ingest/emitter.ts';
import { HttpError } from '../transport/http-error.ts';
import type { HttpResponse } from './handle-request.ts';

/** The outcomes of the events of a request. */
export interface BatchOutcome {
  readonly outcomes: readonly Outcome[];
  /** The body was one event, not a list. */
  readonly isSingle: boolean;
  /** Maps a path that validation reports to the path in the event as it was sent. */
  readonly sourcePathOf: (index: number, path: readonly string[]) => readonly string[];
}

/** Reads `?on_error=`: `reject`, the default, or `skip`. Throws a 422 for any other value. */
export function policyOf(url: string): BatchErrorPolicy {
  const given = new URLSearchParams(url.split('?')[1] ?? '').get('on_error') ?? 'reject';
  const policy = policies.get(given);
  if (policy === undefined) throw new HttpError(422, `on_error: expected reject or skip, got ${JSON.stringify(given)}`);
  return policy;
}

/**
 * REJECT_ALL: a 204 if all events are stored, else a 422 with the problems of each.
 * SKIP_REJECTED: a 200 with a result for each event.
 */
export function batchResponse(batch: BatchOutcome, policy: BatchErrorPolicy): HttpResponse {
  return policy === 'SKIP_REJECTED' ? itemized(batch) : allOrNothing(batch);
}

/**
 * All events of a request are stored in one transaction. Until it commits, the head cannot pass it,
 * so events stored concurrently stay invisible: a few seconds at most.
 */
export const maxRequestEvents = 50_000;

const policies: ReadonlyMap<string, BatchErrorPolicy> = new Map([
  ['reject', 'REJECT_ALL'],
  ['skip', 'SKIP_REJECTED'],
]);

function allOrNothing(batch: BatchOutcome): HttpResponse {
  const { outcomes } = batch;
  const rejected = outcomes.flatMap((outcome, index) => (outcome.status === 'REJECTED' ? [detailsOf(batch, outcome.problems, index)] : []));
  if (rejected.length === 0) return { status: 204 };
  const details = rejected.flat();
  const invalidCount = rejected.filter((each) => each.length > 0).length;
  return {
    status: 422,
    json: {
      exception_message: `Nothing was stored: ${invalidCount} of ${outcomes.length} events were rejected.`,
      exception_detail: details.slice(0, maxDetails),
    },
  };
}

function itemized(batch: BatchOutcome): HttpResponse {
  const { outcomes } = batch;
  const countWith = (status: Outcome['status']): number => outcomes.filter((each) => each.status === status).length;
  const results = outcomes.map((outcome, index) => {
    const status = outcome.status.toLowerCase();
    return outcome.status === 'REJECTED' ? { index, status, detail: detailsOf(batch, outcome.problems, index) } : { index, status };
  });
  return {
    status: 200,
    json: { created: countWith('CREATED'), duplicates: countWith('DUPLICATE'), rejected: countWith('REJECTED'), results },
  };
}

/** A problem in the form of Prefect's server, with the path in the body of the request. */
interface Detail {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

/** The details of one event; none if only other events of the batch were invalid. */
function detailsOf({ isSingle, sourcePathOf }: BatchOutcome, problems: readonly Problem[], index: number): readonly Detail[] {
  return problems
    .filter(({ code }) => code !== 'BATCH_REJECTED')
    .map(({ code, path, message }) => {
      const prefix = `${path.join('.')}: `;
      const sourcePath = sourcePathOf(index, isSingle ? path : path.slice(1));
      const loc = ['body', ...(isSingle ? [] : [index]), ...sourcePath];
      return { loc, msg: message.startsWith(prefix) ? message.slice(prefix.length) : message, type: code.toLowerCase() };
    });
}

/** Details of a rejected batch beyond this number are omitted; the message has the full count. */
const maxDetails = 1000;
