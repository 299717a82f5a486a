import { v7 as uuidv7 } from 'uuid';
import { checkNotEnded, system, requirePermission, type Caller } from '../auth/caller.ts';
import { hasFullVisibility } from '../auth/visibility.ts';
import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { EventDraft, StoredEvent, EventCandidate } from '../event/event.ts';
import type { EventLimits } from '../event/limits.ts';
import { matches } from '../filter/matches.ts';
import type { Problem } from '../event/problem.ts';
import { validateEvent } from '../event/validate.ts';
import type { Metrics } from '../metrics.ts';
import { rowOf, type Appended } from '../store/log/append.ts';
import type { Database } from '../store/database/database.ts';
import { readEventsById } from '../store/log/events-by-id.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Stored } from './commit-queue.ts';

/**
 * The one way in, for every door. Promises: an event is answered with CREATED or DUPLICATE once it is durable and every
 * later read of any process includes it; a refused one left no trace. Throws UNAVAILABLE, after which the fate of the
 * batch is unknown and repeating it is safe, FORBIDDEN where the caller may not emit, and UNAUTHENTICATED when its key
 * has ended meanwhile.
 */
export interface Emitter {
  emit(candidates: readonly Candidate[], onError: BatchErrorPolicy, caller: Caller): Promise<Emission>;
}

/** An event as given, or what its door has found wrong with it already, and where it stands in the input. */
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
  /** The event as it was stored before; null where the caller does not see it. */
  | { readonly status: 'DUPLICATE'; readonly event: StoredEvent | null }
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
      const checked = candidates.map((candidate) => check(candidate, parts.limits, caller));
      const drafts = checked.flatMap((each) => ('draft' in each ? [each.draft] : []));
      const isRejected = drafts.length < checked.length && onError === 'REJECT_ALL';
      const stored = isRejected ? null : await store(parts, drafts, { onError, caller });
      const emission =
        stored === null
          ? { outcomes: checked.map((each) => rejection(each)), head: await parts.heads.head() }
          : { outcomes: await outcomes(parts, { checked, stored, caller }), head: stored.head };
      recordMetrics(parts.metrics, emission.outcomes);
      return emission;
    },
  };
}

function recordMetrics({ emitted, problems }: Metrics, outcomes: readonly Outcome[]): void {
  const counts = { CREATED: 0, DUPLICATE: 0, REJECTED: 0 };
  for (const { status } of outcomes) counts[status] += 1;
  for (const [status, count] of Object.entries(counts)) if (count > 0) emitted.inc({ status: status.toLowerCase() }, count);
  for (const outcome of outcomes) if (outcome.status === 'REJECTED') for (const { code } of outcome.problems) problems.inc({ code });
}

/** A candidate with its verdict, before the database was asked. */
type Checked = { readonly path: readonly string[] } & ({ readonly draft: EventDraft } | { readonly problems: readonly Problem[] });

function check(candidate: Candidate, limits: EventLimits, caller: Caller): Checked {
  if ('problems' in candidate) return candidate;
  const { event, path } = candidate;
  const id = event.id ?? uuidv7();
  const validation = validateEvent({ ...event, id }, path, limits);
  const problem = 'draft' in validation ? permissionProblem(validation.draft, path, caller) : null;
  return { path, ...(problem === null ? validation : { problems: [problem] }) };
}

/** Why the caller may not emit this. */
function permissionProblem({ event, resource }: EventDraft, path: readonly string[], caller: Caller): Problem | null {
  const { emitPrefix } = caller;
  if (event.startsWith(reservedNames) && caller !== system) {
    const message = `${[...path, 'event'].join('.')}: names that begin with ${reservedNames} are kept for what the server tells of itself; use another one`;
    return { code: 'FORBIDDEN', message, path: [...path, 'event'] };
  }
  if (emitPrefix === null || resource.id.startsWith(emitPrefix)) return null;
  const message = `${[...path, 'resource', 'id'].join('.')}: this key may only emit for resources whose id begins with ${emitPrefix}`;
  return { code: 'FORBIDDEN', message, path: [...path, 'resource', 'id'] };
}

/** What the events are called that the server emits itself. */
const reservedNames = 'tidings.';

async function store(
  { groupCommit, metrics }: EmitterParts,
  drafts: readonly EventDraft[],
  { onError, caller }: { readonly onError: BatchErrorPolicy; readonly caller: Caller },
): Promise<Stored> {
  const stopTimer = metrics.appendSeconds.startTimer();
  const stored = await groupCommit.store(drafts.map(rowOf), onError, () => checkNotEnded(caller));
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
  const existing = existingIds.length === 0 ? new Map<string, StoredEvent>() : await readEventsById(parts.database, existingIds, head);
  const isHidden = (event: StoredEvent | undefined): boolean => event !== undefined && !matches(caller.visibilityFilter, event);
  return paired.map(({ each, result }): Outcome => {
    if (!('draft' in each) || result === undefined) return rejection(each);
    const event = existing.get(each.draft.id);
    if (hasConflict(result)) return { status: 'REJECTED', problems: [conflict(each.path, isHidden(event) ? [] : result.differing)] };
    if (result.created === null) return rejection(each);
    if (result.created) return { status: 'CREATED', event: created(each.draft, result) };
    if (event === undefined) throw removedConcurrently(each.draft.id);
    return { status: 'DUPLICATE', event: isHidden(event) ? null : event };
  });
}

function hasConflict(result: Stored['results'][number] | undefined): boolean {
  return result !== undefined && result.differing.length > 0;
}

/** Retention took the stored one between the two statements; the id is free now. */
function removedConcurrently(id: string): TidingsError {
  return new TidingsError(
    'UNAVAILABLE',
    `The event ${id} was stored before and has just been removed, since it was past retention. Repeat the request.`,
  );
}

function created(draft: EventDraft, { position, received }: Appended): StoredEvent {
  return { ...draft, occurred: draft.occurred ?? received, payload: draft.payload ?? {}, position, received };
}

/** What an event gets that was not stored: its own problems, or those of the batch. */
function rejection(checked: Checked): Outcome {
  if ('problems' in checked) return { status: 'REJECTED', problems: checked.problems };
  const message = `${checked.path.join('.')}: the event is sound, but another one of its batch was refused, and with it the batch`;
  return { status: 'REJECTED', problems: [{ code: 'BATCH_REJECTED', message, path: checked.path }] };
}

/** Names no fields of an event that the caller does not see: they would tell what is in it, guess by guess. */
function conflict(path: readonly string[], differing: readonly string[]): Problem {
  const where = differing.length > 0 ? ` in ${differing.join(', ')}` : '';
  const message = `${[...path, 'id'].join('.')}: an event with this id was stored before, with other content${where}; use a new id for a new event`;
  return { code: 'ID_CONFLICT', message, path: [...path, 'id'] };
}
