import type { Caller } from '../auth/caller.ts';
import { countByStatus, type Candidate, type Emitter, type BatchErrorPolicy, type Outcome } from '../ingest/emitter.ts';
import type { NewRejectedEvent, RejectedEventStore } from '../ingest/rejected-events.ts';
import type { Metrics } from '../metrics.ts';

export interface EmitBatchParts {
  readonly emitter: Emitter;
  readonly rejectedEvents: Pick<RejectedEventStore, 'store'>;
  readonly metrics: Metrics;
}

/** An event of a protocol that is not GraphQL. */
export interface AdapterCandidate {
  readonly candidate: Candidate;
  /** Names of members that were ignored. */
  readonly unknownMembers: readonly string[];
  /** The event as received. */
  readonly raw: () => Buffer;
}

export interface AdapterBatch {
  readonly events: readonly AdapterCandidate[];
  readonly policy: BatchErrorPolicy;
  readonly caller: Caller;
  /** Name of the adapter in metrics and in rejected events. */
  readonly protocol: string;
}

/**
 * Emits the events of an adapter, and counts their outcomes and unknown members. With
 * SKIP_REJECTED, rejected events are stored for inspection. Throws the errors of the emitter and of
 * the store of rejected events; repeating the call is safe.
 */
export async function emitBatch(
  { emitter, rejectedEvents, metrics }: EmitBatchParts,
  { events, policy, caller, protocol }: AdapterBatch,
): Promise<readonly Outcome[]> {
  const { outcomes } = await emitter.emit(
    events.map(({ candidate }) => candidate),
    policy,
    caller,
  );
  if (policy === 'SKIP_REJECTED') {
    const rejected = outcomes.flatMap((outcome, index): (() => NewRejectedEvent)[] => {
      const event = events[index];
      if (outcome.status !== 'REJECTED' || event === undefined) return [];
      const reason = outcome.problems.map(({ message }) => message).join('; ');
      const code = outcome.problems[0]?.code ?? 'INVALID';
      return [() => ({ protocol, keyId: caller.keyId, code, reason, raw: event.raw() })];
    });
    for (let at = 0; at < rejected.length; at += maxRejectedAtOnce) {
      await rejectedEvents.store(rejected.slice(at, at + maxRejectedAtOnce).map((make) => make()));
    }
  }
  for (const [status, count] of Object.entries(countByStatus(outcomes))) {
    if (count > 0) metrics.adapterEvents.inc({ protocol, status: status.toLowerCase() }, count);
  }
  const unknown = events.reduce((sum, { unknownMembers }) => sum + unknownMembers.length, 0);
  if (unknown > 0) metrics.unknownMembers.inc({ protocol }, unknown);
  return outcomes;
}

/** Rejected events of one statement: a request can have 50,000. */
const maxRejectedAtOnce = 1000;
