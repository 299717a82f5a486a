import { inspect } from 'node:util';
import { adminKey } from '../support/keys.ts';
import { startFleet, type FleetParts } from './fleet.ts';
import type { Ledger } from './emitter.ts';
import { playRound } from './round.ts';
import { noRetention, startRetention } from './retention.ts';
import { slowSomeWriters } from './slow-writers.ts';
import { RunStats } from './stats.ts';
import { WholeLog } from './reads/whole-log.ts';

/** A run: rounds of emitting, subscribing, reading pages and counts, and incidents, each followed by a verdict. */
export interface Run extends FleetParts {
  readonly seed: number;
  /**
   * New rounds begin until then, and until retention had its expected effects. A round takes 10 to
   * 30 seconds on an idle machine with two cores.
   */
  readonly minutes: number;
  /** Removes events during the run; on Postgres only. */
  readonly retention: boolean;
  /** Receives the progress of the run. */
  readonly log: (line: string) => void;
}

/**
 * Runs rounds and returns their statistics. Throws when a guarantee was violated. The error
 * contains the seed, which repeats the plan, but not the timing.
 */
export async function runOracle({ seed, minutes, retention, log, ...parts }: Run): Promise<RunStats> {
  log(`oracle: seed ${seed}, ${minutes} minutes, ${parts.servers} servers${retention ? ', with retention' : ''}`);
  const began = performance.now();
  const stats = new RunStats();
  const environment = { ...parts.environment, TIDINGS_RETENTION_DAYS: '0', TIDINGS_ADMIN_KEY: adminKey };
  await using fleet = await startFleet({ ...parts, environment });
  const { DATABASE_URL } = parts.environment;
  await using retentionRun = retention && DATABASE_URL !== undefined ? startRetention(DATABASE_URL) : noRetention;
  if (DATABASE_URL !== undefined) await slowSomeWriters(DATABASE_URL);
  /** The heads at which rounds began, latest first. */
  const heads: string[] = [];
  const ledger: Ledger = new Map();
  const wholeLog = new WholeLog();
  /** Expected effects of retention that have not occurred yet. */
  const missingEffects = (): readonly string[] =>
    retentionRun.active ? retentionEffects.filter((effect) => stats.count(effect) === 0) : [];
  do {
    const round = stats.count('rounds');
    const problems = await playRound(seed, round, { fleet, stats, heads, ledger, wholeLog, retention: retentionRun }).catch(
      (error: unknown) => [inspect(error)],
    );
    if (problems.length > 0)
      throw new Error([`oracle: seed ${seed}, round ${round}:`, ...problems.slice(0, maxReportedProblems)].join('\n'));
    stats.add('rounds');
    log(`oracle: ${Math.round((performance.now() - began) / 1000)} s: ${stats.toString()}`);
  } while (performance.now() - began < minutes * 60_000 || (missingEffects().length > 0 && stats.count('rounds') < maxExtraRounds));
  // Without these effects the verdict proves nothing.
  if (missingEffects().length > 0) throw new Error(`oracle: seed ${seed}: there were no ${missingEffects().join(' and no ')}`);
  return stats;
}

const maxReportedProblems = 20;
const retentionEffects = ['removals', 'Gap messages', 'expiries'];
/** Further rounds in which the missing effects must occur. */
const maxExtraRounds = 5;
