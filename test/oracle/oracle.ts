import { inspect } from 'node:util';
import { startFleet, type FleetParts } from './fleet.ts';
import type { Ledger } from './emitter.ts';
import { playRound } from './round.ts';
import { noRetention, startRetention } from './retention.ts';
import { slowSomeWriters } from './slow-writers.ts';
import { RunStats } from './stats.ts';

/** One run: rounds of emitting, following and trouble, each with a verdict. */
export interface Run extends FleetParts {
  readonly seed: number;
  /** New rounds begin until then, and until a run with retention has seen what it is there for; one takes 10 to 30 seconds on an idle machine of two cores. */
  readonly minutes: number;
  /** Events are removed while it goes on; on Postgres only. */
  readonly retention: boolean;
  /** Told where the run stands. */
  readonly log: (line: string) => void;
}

/**
 * Plays rounds, and answers with what they did. Throws when a promise was not kept, with the seed, which makes the same
 * plan again (though not the same timing).
 */
export async function runOracle({ seed, minutes, retention, log, ...parts }: Run): Promise<RunStats> {
  log(`oracle: seed ${seed}, ${minutes} minutes, ${parts.servers} servers${retention ? ', with removal' : ''}`);
  const began = performance.now();
  const stats = new RunStats();
  await using fleet = await startFleet({ ...parts, environment: { ...parts.environment, TIDINGS_RETENTION_DAYS: '0' } });
  const { DATABASE_URL } = parts.environment;
  await using retentionRun = retention && DATABASE_URL !== undefined ? startRetention(DATABASE_URL) : noRetention;
  if (DATABASE_URL !== undefined) await slowSomeWriters(DATABASE_URL);
  /** Heads at which rounds began, the latest first. */
  const heads: string[] = [];
  const ledger: Ledger = new Map();
  /** What should happen, and has not yet. */
  const missingEffects = (): readonly string[] =>
    retentionRun.active ? retentionEffects.filter((effect) => stats.count(effect) === 0) : [];
  do {
    const round = stats.count('rounds');
    const problems = await playRound(seed, round, { fleet, stats, heads, ledger, retention: retentionRun }).catch((error: unknown) => [
      inspect(error),
    ]);
    if (problems.length > 0)
      throw new Error([`oracle: seed ${seed}, round ${round}:`, ...problems.slice(0, maxReportedProblems)].join('\n'));
    stats.add('rounds');
    log(`oracle: ${Math.round((performance.now() - began) / 1000)} s: ${stats.toString()}`);
  } while (performance.now() - began < minutes * 60_000 || (missingEffects().length > 0 && stats.count('rounds') < maxExtraRounds));
  // The verdict would be worth nothing.
  if (missingEffects().length > 0) throw new Error(`oracle: seed ${seed}: there were no ${missingEffects().join(', no ')}`);
  return stats;
}

const maxReportedProblems = 20;
const retentionEffects = ['removals', 'Gap messages', 'expiries'];
/** Rounds in which it should have happened. */
const maxExtraRounds = 5;
