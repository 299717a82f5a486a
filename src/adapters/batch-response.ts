import type { Problem } from '../event/problem.ts';
import type { BatchErrorPolicy, Outcome } from '../ingest/emitter.ts';
import type { HttpResponse } from './handle-request.ts';
import { HttpError } from '../transport/http-error.ts';

/** What became of the events of a request. */
export interface BatchOutcome {
  readonly outcomes: readonly Outcome[];
  /** There was one event, which stood by itself and not in a list. */
  readonly isSingle: boolean;
  /** Where in the event that was sent at this index something stands which validation calls so. */
  readonly sourcePathOf: (index: number, path: readonly string[]) => readonly string[];
}

/** What `?on_error=` asks for: `reject`, the default, or `skip`. Throws a 422 for anything else. */
export function policyOf(url: string): BatchErrorPolicy {
  const given = new URLSearchParams(url.split('?')[1] ?? '').get('on_error') ?? 'reject';
  const policy = policies.get(given);
  if (policy === undefined) throw new HttpError(422, `on_error: expected reject or skip, got ${JSON.stringify(given)}`);
  return policy;
}

/** A 204 when all were stored, else a 422 that says why none was; where the others were stored, a 200 with an answer for each. */
export function batchResponse(batch: BatchOutcome, policy: BatchErrorPolicy): HttpResponse {
  return policy === 'SKIP_REJECTED' ? itemized(batch) : allOrNothing(batch);
}

/** The most events of one request. They are one transaction, while which nobody sees what others store beside it: some seconds at worst. */
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
      exception_message: `Nothing was stored: ${invalidCount} of ${outcomes.length} events were refused.`,
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

/** A problem as Prefect's server would put it: where in the body, in the words of its sender. */
interface Detail {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

/** Those of one event; none for what was refused only for the sake of others. */
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

/** Of a batch that was refused; the message says how many events were. */
const maxDetails = 1000;
