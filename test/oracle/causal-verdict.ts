import type { Listed } from './plain-query.ts';

/**
 * The first event that was delivered before the one it follows, though that was promised; null: none.
 *
 * Promised it is where both match and lie behind the session's beginning (`known`), and the leader, and what that follows
 * in turn, came within 30 seconds after the follower was received. The bound is taken shorter here, since what is due
 * by the clock may be overtaken by what is on its way through a server that was frozen. A chain that goes round, or that
 * waits for an event which never came, is delivered when the time is over: of it nothing is asked.
 */
export function causalViolation(order: readonly string[], { known, log }: Stored): string | null {
  const delivered = new Set<string>();
  for (const id of order) {
    delivered.add(id);
    const event = known.get(id);
    if (event === undefined) continue; // it was removed
    if (event.follows === null || delivered.has(event.follows) || !known.has(event.follows)) continue;
    if (arrivesInTime(event, { known, log })) return `${id} was delivered before ${event.follows}, which it follows`;
  }
  return null;
}

export interface Stored {
  /** The events that match and lie behind the beginning of a session, by id. */
  readonly known: ReadonlyMap<string, Listed>;
  /** All events since the earliest start. */
  readonly log: ReadonlyMap<string, Listed>;
}

function arrivesInTime(event: Listed, { known, log }: Stored): boolean {
  const visited = new Set([event.id]);
  for (let predecessor = event.follows; predecessor !== null;) {
    const stored = log.get(predecessor);
    if (stored === undefined || visited.has(predecessor) || stored.received > event.received + guaranteedWaitMs) return false;
    visited.add(predecessor);
    // One that does not match, or was passed, holds nothing up once it is stored.
    predecessor = known.has(predecessor) ? stored.follows : null;
  }
  return true;
}

const guaranteedWaitMs = 15_000;
