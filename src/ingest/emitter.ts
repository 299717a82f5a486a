import { checkNotEnded, system, requirePermission, type Caller } from '../auth/caller.ts';
import { hasFullVisibility } from '../auth/visibility.ts';
import { mapInSlices, mapStepsInSlices, runInSlices } from '../concurrency/time-slices.ts';
import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { EventDraft, StoredEvent, EventCandidate } from '../event/event.ts';
import type { EventLimits } from '../event/limits.ts';
import type { Problem } from '../event/problem.ts';
import { validateInSteps } from '../event/validate.ts';
import { everything, type Condition } from '../filter/filter.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database/database.ts';
import { rowInSteps, type Appended } from '../store/log/append.ts';
import { readStoredIds } from '../store/log/events-by-id.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import type { Stored } from './commit-queue.ts';
import type { GroupCommit } from './group-commit.ts';

/**
 * Validates and stores events; every protocol emits through it.
 *
 * Guarantees: an event with the outcome CREATED or DUPLICATE is durable, and every later read of
 * any process includes it. A rejected event leaves nothing in the database.
 *
 * Throws UNAVAILABLE: the result of the batch is unknown, and repeating it is safe. Throws
 * FORBIDDEN if the caller lacks EMIT, and UNAUTHENTICATED if its key ended meanwhile.
 */
export interface Emitter {
  emit(candidates: readonly Candidate[], onError: BatchErrorPolicy, caller: Caller): Promise<Emission>;
}

/** An event as received, or the problems that its adapter found, and its path in the input. */
export type Candidate = { readonly path: readonly string[] } & (
  | { readonly event: EventCandidate }
  | { readonly problems: readonly Problem[] }
);

export type BatchErrorPolicy = 'REJECT_ALL' | 'SKIP_REJECTED';

export interface Emission {
  /** One for each candidate, in order. */
  readonly outcomes: readonly Outcome[];
  /** The log's head, at or after every event of the batch. */
  readonly head: Position;
}

export type Outcome =
  | { readonly status: 'CREATED'; readonly event: StoredEvent }
  /** `id`: of the event stored earlier. It is not read here, since it can be large. */
  | { readonly status: 'DUPLICATE'; readonly id: string }
  | { readonly status: 'REJECTED'; readonly problems: readonly Problem[] };

export interface EmitterParts {
  readonly database: Database;
  readonly groupCommit: GroupCommit;
  readonly heads: HeadReader;
  readonly metrics: Metrics;
  readonly limits: EventLimits;
}

export function createEmitter(parts: EmitterParts): Emitter {
  return {
    async emit(candidates, onError, caller) {
      requirePermission(caller, 'emit');
      const checked = await runInSlices(checkAll(candidates, parts.limits, caller));
      const drafts = checked.flatMap((each) => ('draft' in each ? [each.draft] : []));
      const isRejected = drafts.length < checked.length && onError === 'REJECT_ALL';
      const stored = isRejected ? null : await store(parts, drafts, { onError, caller });
      const emission =
        stored === null
          ? { outcomes: await mapInSlices(checked, rejection), head: await parts.heads.head() }
          : { outcomes: await outcomes(parts, { checked, stored, caller }), head: stored.head };
      await runInSlices(recordMetrics(parts.metrics, emission.outcomes));
      return emission;
    },
  };
}

/** The outcomes with each status. */
export function countByStatus(outcomes: readonly Outcome[]): Readonly<Record<Outcome['status'], number>> {
  const counts = { CREATED: 0, DUPLICATE: 0, REJECTED: 0 };
  for (const { status } of outcomes) counts[status] += 1;
  return counts;
}

function* recordMetrics({ emitted, problems }: Metrics, outcomes: readonly Outcome[]): Generator<undefined, void> {
  // A metric takes as long to increment as a small event to validate.
  const codes = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.status === 'REJECTED') for (const { code } of outcome.problems) codes.set(code, (codes.get(code) ?? 0) + 1);
    yield;
  }
  for (const [status, count] of Object.entries(countByStatus(outcomes)))
    if (count > 0) emitted.inc({ status: status.toLowerCase() }, count);
  for (const [code, count] of codes) problems.inc({ code }, count);
}

/** A validated candidate, before the database has seen it. */
type Checked = { readonly path: readonly string[] } & ({ readonly draft: EventDraft } | { readonly problems: readonly Problem[] });

function* checkAll(candidates: readonly Candidate[], limits: EventLimits, caller: Caller): Generator<undefined, readonly Checked[]> {
  const checked: Checked[] = [];
  for (const candidate of candidates) {
    checked.push('problems' in candidate ? candidate : yield* check(candidate, limits, caller));
    yield;
  }
  return checked;
}

function* check(
  { event, path }: Candidate & { readonly event: EventCandidate },
  limits: EventLimits,
  caller: Caller,
): Generator<undefined, Checked> {
  const validation = yield* validateInSteps(event, path, limits);
  const problem = 'draft' in validation ? permissionProblem(validation.draft, path, caller) : null;
  return { path, ...(problem === null ? validation : { problems: [problem] }) };
}

/** The reason why the caller is not allowed to emit this event. */
function permissionProblem({ id, event, resource }: EventDraft, path: readonly string[], caller: Caller): Problem | null {
  const forbidden = (field: readonly string[], reason: string): Problem => {
    const at = [...path, ...field];
    return { code: 'FORBIDDEN', message: `${at.join('.')}: ${reason}`, path: at };
  };
  if (caller !== system) {
    const reserved = `texts that start with ${reservedPrefix} are reserved for events of the server; use another`;
    if (event.startsWith(reservedPrefix)) return forbidden(['event'], reserved);
    // A client could otherwise take the id of an audit event, which then could not be stored.
    if (id.startsWith(reservedPrefix)) return forbidden(['id'], reserved);
    if (resource.id.startsWith(reservedPrefix)) return forbidden(['resource', 'id'], reserved);
  }
  const { emitPrefix } = caller;
  if (emitPrefix === null || resource.id.startsWith(emitPrefix)) return null;
  return forbidden(
    ['resource', 'id'],
    `this key can emit only for resources whose id starts with ${emitPrefix}; use another id or another key`,
  );
}

/** Begins the names, ids and primary resources of the events that the server itself emits. */
const reservedPrefix = 'tidings.';

async function store(
  { groupCommit, metrics }: EmitterParts,
  drafts: readonly EventDraft[],
  { onError, caller }: { readonly onError: BatchErrorPolicy; readonly caller: Caller },
): Promise<Stored> {
  const stopTimer = metrics.appendSeconds.startTimer();
  const leftOut = hasFullVisibility(caller) ? 'ANYTHING' : 'DEFAULT';
  const rows = await mapStepsInSlices(drafts, (draft) => rowInSteps(draft, leftOut));
  const stored = await groupCommit.store(rows, onError, () => checkNotEnded(caller));
  stopTimer();
  return stored;
}

interface CommittedCandidates {
  readonly checked: readonly Checked[];
  readonly stored: Stored;
  readonly caller: Caller;
}

async function outcomes(parts: EmitterParts, { checked, stored, caller }: CommittedCandidates): Promise<readonly Outcome[]> {
  const { results, head } = stored;
  let next = 0;
  const paired = checked.map((each) => ({ each, result: 'draft' in each ? results[next++] : undefined }));
  const existingIds = paired.flatMap(({ each, result }) =>
    'draft' in each && (result?.created === false || (!hasFullVisibility(caller) && hasConflict(result))) ? [each.draft.id] : [],
  );
  const storedIds = (filter: Condition): Promise<ReadonlySet<string>> => readStoredIds(parts.database, existingIds, { head, filter });
  const existing = existingIds.length === 0 ? new Set<string>() : await storedIds(everything);
  const visible = existingIds.length === 0 || hasFullVisibility(caller) ? existing : await storedIds(caller.visibilityFilter);
  const isHidden = (id: string): boolean => existing.has(id) && !visible.has(id);
  return mapInSlices(paired, ({ each, result }): Outcome => {
    if (!('draft' in each) || result === undefined) return rejection(each);
    const { id } = each.draft;
    if (hasConflict(result)) return { status: 'REJECTED', problems: [conflict(each.path, isHidden(id) ? [] : result.differing)] };
    if (result.created === null) return rejection(each);
    if (result.created) return { status: 'CREATED', event: created(each.draft, result) };
    if (!existing.has(id)) throw removedConcurrently(id);
    return { status: 'DUPLICATE', id };
  });
}

function hasConflict(result: Stored['results'][number] | undefined): boolean {
  return result !== undefined && result.differing.length > 0;
}

/** Retention removed the stored event between two statements; its id is free again. */
export function removedConcurrently(id: string): TidingsError {
  return new TidingsError('UNAVAILABLE', `The stored event ${id} was removed by retention during this request. Repeat the request.`);
}

function created(draft: EventDraft, { position, received }: Appended): StoredEvent {
  return { ...draft, occurred: draft.occurred ?? received, payload: draft.payload ?? {}, position, received };
}

/** The outcome of an event that was not stored: its own problems, or BATCH_REJECTED. */
function rejection(checked: Checked): Outcome {
  if ('problems' in checked) return { status: 'REJECTED', problems: checked.problems };
  const message = `${checked.path.join('.')}: not stored: another event of this batch is invalid (onError: REJECT_ALL)`;
  return { status: 'REJECTED', problems: [{ code: 'BATCH_REJECTED', message, path: checked.path }] };
}

/**
 * `differing` must be empty for an event that the caller cannot see. With the names of the fields,
 * a caller could find out its content guess by guess.
 */
function conflict(path: readonly string[], differing: readonly string[]): Problem {
  const where = differing.length > 0 ? ` in ${differing.join(', ')}` : '';
  const message = `${[...path, 'id'].join('.')}: an event with this id is already stored, with other content${where}; use a new id for a new event`;
  return { code: 'ID_CONFLICT', message, path: [...path, 'id'] };
}
