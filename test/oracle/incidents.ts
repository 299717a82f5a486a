import { passing, type Fleet } from './fleet.ts';
import { randomOf } from './random.ts';
import type { Tally } from './stats.ts';

/** What happens to a server. */
export interface Incident {
  readonly afterMs: number;
  readonly server: number;
  /** DATABASE: kill -9 of the database, where the run has it at hand; else of the server. */
  readonly what: 'SIGKILL' | 'SIGTERM' | 'FREEZE' | 'DATABASE';
  /** How long it is away. */
  readonly ms: number;
}

export function planIncidents(seed: number, round: number, servers: number): readonly Incident[] {
  const random = randomOf(seed, round, 'incidents');
  return Array.from({ length: 40 }, () => ({
    afterMs: random.between(500, 5000),
    server: random.between(0, servers - 1),
    what: random.pick(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGTERM', 'FREEZE', 'DATABASE'] as const),
    ms: random.pick([0, 100, 1000, 3000]),
  }));
}

/**
 * Lets them happen one after the other, until `over` aborts; then all servers are there again. On a slow machine a start
 * takes long; servers are there for at least as long as they were away, or nothing would ever be done.
 */
export async function happen(
  incidents: readonly Incident[],
  { fleet, tally }: { fleet: Fleet; tally: Tally },
  over: AbortSignal,
): Promise<void> {
  let away = 0;
  for (const { afterMs, server, what, ms } of incidents) {
    await passing(Math.max(afterMs, away));
    if (over.aborted) return;
    const began = performance.now();
    const { database } = fleet;
    if (what === 'FREEZE') {
      tally.add('freezes');
      await fleet.freeze(server, ms);
    } else if (what === 'DATABASE' && database !== null) {
      tally.add('kills of the database');
      await database.kill();
      await passing(ms);
      await database.restart();
    } else {
      tally.add(what === 'SIGTERM' ? 'stops' : 'kills');
      await fleet.replace(server, what === 'SIGTERM' ? what : 'SIGKILL', ms);
    }
    away = performance.now() - began;
  }
}
