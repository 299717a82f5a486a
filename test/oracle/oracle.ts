import { inspect } from 'node:util';
import { startFleet, type FleetParts } from './fleet.ts';
import type { Ledger } from './emitter.ts';
import { playRound } from './round.ts';
import { noRemoval, startRemoval } from './retention.ts';
import { slowSomeWriters } from './slow-writers.ts';
import { Tally } from './stats.ts';

/** One run: rounds of emitting, following and trouble, each with a verdict. */
export interface Run extends FleetParts {
  readonly seed: number;
  /** New rounds begin until then, and until a run with retention has seen what it is there for; one takes 10 to 30 seconds on an idle machine of two cores. */
  readonly minutes: number;
  /** Events are removed while it goes on; on Postgres only. */
  readonly retention: boolean;
  /** Told where the run stands. */
  readonly say: (line: string) => void;
}

/**
 * Plays rounds, and answers with what they did. Throws when a promise was not kept, with the seed, which makes the same
 * plan again (though not the same timing).
 */
export async function runOracle({ seed, minutes, retention, say, ...parts }: Run): Promise<Tally> {
  say(`oracle: seed ${seed}, ${minutes} minutes, ${parts.servers} servers${retention ? ', with removal' : ''}`);
  const began = performance.now();
  const tally = new Tally();
  await using fleet = await startFleet({ ...parts, environment: { ...parts.environment, TIDINGS_RETENTION_DAYS: '0' } });
  const { DATABASE_URL } = parts.environment;
  await using removal = retention && DATABASE_URL !== undefined ? startRemoval(DATABASE_URL) : noRemoval;
  if (DATABASE_URL !== undefined) await slowSomeWriters(DATABASE_URL);
  /** Heads at which rounds began, the latest first. */
  const heads: string[] = [];
  const ledger: Ledger = new Map();
  /** What should happen, and has not yet. */
  const unseen = (): readonly string[] => (removal.active ? ofRemoval.filter((what) => tally.of(what) === 0) : []);
  do {
    const round = tally.of('rounds');
    const problems = await playRound(seed, round, { fleet, tally, heads, ledger, removal }).catch((error: unknown) => [inspect(error)]);
    if (problems.length > 0) throw new Error([`oracle: seed ${seed}, round ${round}:`, ...problems.slice(0, mostTold)].join('\n'));
    tally.add('rounds');
    say(`oracle: ${Math.round((performance.now() - began) / 1000)} s: ${tally.toString()}`);
  } while (performance.now() - began < minutes * 60_000 || (unseen().length > 0 && tally.of('rounds') < mostWaited));
  // The verdict would be worth nothing.
  if (unseen().length > 0) throw new Error(`oracle: seed ${seed}: there were no ${unseen().join(', no ')}`);
  return tally;
}

const mostTold = 20;
const ofRemoval = ['removals', 'Gap messages', 'expiries'];
/** Rounds in which it should have happened. */
const mostWaited = 5;
