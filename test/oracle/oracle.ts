import { inspect } from 'node:util';
import { startFleet, type FleetParts } from './fleet.ts';
import { playRound } from './round.ts';
import { slowSomeWriters } from './slow-writers.ts';
import { Tally } from './tally.ts';

/** One run: rounds of emitting, following and trouble, each with a verdict. */
export interface Run extends FleetParts {
  readonly seed: number;
  /** New rounds begin until then; one takes 10 to 30 seconds on an idle machine of two cores. */
  readonly minutes: number;
  /** Told where the run stands. */
  readonly say: (line: string) => void;
}

/**
 * Plays rounds, and answers with what they did. Throws when a promise was not kept, with the seed, which makes the same
 * plan again (though not the same timing).
 */
export async function runOracle({ seed, minutes, say, ...parts }: Run): Promise<Tally> {
  say(`oracle: seed ${seed}, ${minutes} minutes, ${parts.servers} servers`);
  const began = performance.now();
  const tally = new Tally();
  await using fleet = await startFleet(parts);
  const { DATABASE_URL } = parts.environment;
  if (DATABASE_URL !== undefined) await slowSomeWriters(DATABASE_URL);
  /** Heads at which rounds began, the latest first. */
  const heads: string[] = [];
  do {
    const round = tally.of('rounds');
    const problems = await playRound(seed, round, { fleet, tally, heads }).catch((error: unknown) => [inspect(error)]);
    if (problems.length > 0) throw new Error([`oracle: seed ${seed}, round ${round}:`, ...problems.slice(0, mostTold)].join('\n'));
    tally.add('rounds');
    say(`oracle: ${Math.round((performance.now() - began) / 1000)} s: ${tally.toString()}`);
  } while (performance.now() - began < minutes * 60_000);
  return tally;
}

const mostTold = 20;
