import { mapInSlices, runInSlices } from '../concurrency/time-slices.ts';
import { documentMembers, shortName } from '../event/document.ts';
import type { Problem } from '../event/problem.ts';
import type { BatchErrorPolicy, Outcome } from '../ingest/emitter.ts';
import type { AdapterCandidate } from './emit-batch.ts';
import type { HttpResponse } from './handle-request.ts';

/** The outcomes of the events of a request. */
export interface BatchOutcome {
  readonly outcomes: readonly Outcome[];
  readonly events: readonly Pick<AdapterCandidate, 'unknownMembers'>[];
  /** The body was one event, not a list. */
  readonly isSingle: boolean;
  /** Maps a path that validation reports to the path in the event as it was sent. */
  readonly sourcePathOf: (index: number, path: readonly string[]) => readonly string[];
}

/**
 * REJECT_ALL: a 204 if all events are stored, else a 422 with the problems of each.
 * SKIP_REJECTED: a 200 with a result for each event.
 * Ignored members are warnings in the body of all these; with them, a 204 becomes a 200.
 */
export function batchResponse(batch: BatchOutcome, policy: BatchErrorPolicy): Promise<HttpResponse> {
  return policy === 'SKIP_REJECTED' ? itemized(batch) : runInSlices(allOrNothing(batch));
}

/**
 * All events of a request are stored in one transaction. Until it commits, the head cannot pass it,
 * so events stored concurrently stay invisible: a few seconds at most.
 */
export const maxRequestEvents = 50_000;

function* allOrNothing(batch: BatchOutcome): Generator<undefined, HttpResponse> {
  const { outcomes } = batch;
  const report = createReport(batch);
  const details: Detail[] = [];
  let invalid = 0;
  for (const [index, outcome] of outcomes.entries()) {
    if (problemsOf(outcome).length > 0) {
      invalid += 1;
      details.push(...report.detailsOf(outcome, index));
    }
    yield;
  }
  const isRejected = outcomes.some(({ status }) => status === 'REJECTED');
  const warnings = warningsOf(batch);
  if (!isRejected) return warnings === null ? { status: 204 } : { status: 200, json: { ...countsOf(outcomes), ...warnings } };
  return {
    status: 422,
    json: {
      exception_message: `Nothing was stored: ${invalid} of ${outcomes.length} events were rejected.`,
      exception_detail: details,
      ...report.omitted(),
      ...warnings,
    },
  };
}

async function itemized(batch: BatchOutcome): Promise<HttpResponse> {
  const { outcomes } = batch;
  const report = createReport(batch);
  const results = await mapInSlices(outcomes, (outcome, index) => {
    const status = outcome.status.toLowerCase();
    return outcome.status === 'REJECTED' ? { index, status, detail: report.detailsOf(outcome, index) } : { index, status };
  });
  return { status: 200, json: { ...countsOf(outcomes), results, ...report.omitted(), ...warningsOf(batch) } };
}

function countsOf(outcomes: readonly Outcome[]): Readonly<Record<string, number>> {
  const countWith = (status: Outcome['status']): number => outcomes.filter((each) => each.status === status).length;
  return { created: countWith('CREATED'), duplicates: countWith('DUPLICATE'), rejected: countWith('REJECTED') };
}

/** The members that were ignored; null if there are none. */
function warningsOf({ events, isSingle }: BatchOutcome): { readonly warnings: readonly Detail[] } | null {
  const warnings: Detail[] = [];
  for (const [index, { unknownMembers }] of events.entries()) {
    for (const name of unknownMembers) {
      if (warnings.length === maxDetails) return { warnings };
      const loc = ['body', ...(isSingle ? [] : [index]), shortName(name)];
      warnings.push({ loc, msg: `ignored: expected no members but ${documentMembers.join(', ')}`, type: 'unknown_member' });
    }
  }
  return warnings.length === 0 ? null : { warnings };
}

/** A problem in the form of Prefect's server, with the path in the body of the request. */
interface Detail {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

/** The problems of an event itself; none if only other events of the batch were invalid. */
function problemsOf(outcome: Outcome): readonly Problem[] {
  return outcome.status === 'REJECTED' ? outcome.problems.filter(({ code }) => code !== 'BATCH_REJECTED') : [];
}

/** The details of a batch: the first `maxDetails`, and the number of the others. */
function createReport({ isSingle, sourcePathOf }: BatchOutcome) {
  let [reported, omitted] = [0, 0];
  const detailOf = ({ code, path, message }: Problem, index: number): Detail => {
    const prefix = `${path.join('.')}: `;
    const sourcePath = sourcePathOf(index, isSingle ? path : path.slice(1));
    const loc = ['body', ...(isSingle ? [] : [index]), ...sourcePath];
    return { loc, msg: message.startsWith(prefix) ? message.slice(prefix.length) : message, type: code.toLowerCase() };
  };
  return {
    detailsOf(outcome: Outcome, index: number): readonly Detail[] {
      const problems = problemsOf(outcome);
      const first = problems.slice(0, maxDetails - reported);
      reported += first.length;
      omitted += problems.length - first.length;
      return first.map((problem) => detailOf(problem, index));
    },
    omitted: () => (omitted > 0 ? { omitted_details: omitted } : {}),
  };
}

/** Details and warnings of a response: a large batch would have many times its own size of them. */
const maxDetails = 1000;
