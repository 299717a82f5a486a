import { passing, type Fleet } from './fleet.ts';
import { randomOf } from './random.ts';
import type { Tally } from './tally.ts';

/** What happens to a server. */
export interface Incident {
  readonly afterMs: number;
  readonly server: number;
  readonly what: 'SIGKILL' | 'SIGTERM' | 'FREEZE';
  /** How long it is away. */
  readonly ms: number;
}

export function planIncidents(seed: number, round: number, servers: number): readonly Incident[] {
  const random = randomOf(seed, round, 'incidents');
  return Array.from({ length: 40 }, () => ({
    afterMs: random.between(500, 5000),
    server: random.between(0, servers - 1),
    what: random.pick(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGTERM', 'FREEZE'] as const),
    ms: random.pick([0, 100, 1000, 3000]),
  }));
}

/** Lets them happen one after the other, until `over` aborts; then all servers are there again. */
export async function happen(
  incidents: readonly Incident[],
  { fleet, tally }: { fleet: Fleet; tally: Tally },
  over: AbortSignal,
): Promise<void> {
  for (const { afterMs, server, what, ms } of incidents) {
    await passing(afterMs);
    if (over.aborted) return;
    tally.add(what === 'FREEZE' ? 'freezes' : what === 'SIGKILL' ? 'kills' : 'stops');
    if (what === 'FREEZE') await fleet.freeze(server, ms);
    else await fleet.replace(server, what, ms);
  }
}
