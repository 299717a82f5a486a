import { sleep } from '../../src/concurrency/sleep.ts';
import type { Fleet } from './fleet.ts';
import { randomOf } from './random.ts';
import type { RunStats } from './stats.ts';

/** A failure of a server. */
export interface Incident {
  readonly afterMs: number;
  readonly server: number;
  /** DATABASE: kill -9 of the database if the run can do that, else of the server. */
  readonly action: 'SIGKILL' | 'SIGTERM' | 'FREEZE' | 'DATABASE';
  /** How long it is down. */
  readonly ms: number;
}

export function planIncidents(seed: number, round: number, servers: number): readonly Incident[] {
  const random = randomOf(seed, round, 'incidents');
  return Array.from({ length: 40 }, () => ({
    afterMs: random.between(500, 5000),
    server: random.between(0, servers - 1),
    action: random.pick(['SIGKILL', 'SIGKILL', 'SIGTERM', 'FREEZE', 'FREEZE', 'DATABASE'] as const),
    ms: random.pick([0, 100, 1000, 4000]),
  }));
}

/**
 * Runs the incidents one after the other until the signal aborts; then all servers run again. Each
 * server runs for at least as long as it was down. Otherwise a slow machine, on which a start takes
 * long, would make no progress.
 */
export async function runIncidents(
  incidents: readonly Incident[],
  { fleet, stats }: { fleet: Fleet; stats: RunStats },
  signal: AbortSignal,
): Promise<void> {
  let downtimeMs = 0;
  for (const { afterMs, server, action, ms } of incidents) {
    await sleep(Math.max(afterMs, downtimeMs));
    if (signal.aborted) return;
    const began = performance.now();
    const { database } = fleet;
    if (action === 'FREEZE') {
      stats.add('freezes');
      await fleet.freeze(server, ms);
    } else if (action === 'DATABASE' && database !== null) {
      stats.add('kills of the database');
      await database.kill();
      await sleep(ms);
      await database.restart();
    } else {
      stats.add(action === 'SIGTERM' ? 'stops' : 'kills');
      await fleet.replace(server, action === 'SIGTERM' ? action : 'SIGKILL', ms);
    }
    downtimeMs = performance.now() - began;
  }
}
