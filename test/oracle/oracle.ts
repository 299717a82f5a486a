import { startFleet } from './fleet.ts';
import { playRound } from './round.ts';
import { Tally } from './tally.ts';

/** One run: rounds of emitting, following and trouble, each with a verdict. */
export interface Run {
  readonly seed: number;
  /** New rounds begin until then; one takes 10 to 30 seconds. */
  readonly minutes: number;
  /** Settings of the servers, with their database, which nobody else writes to. */
  readonly environment: Readonly<Record<string, string>>;
  readonly servers: number;
  /** Told where the run stands. */
  readonly say: (line: string) => void;
}

/**
 * Plays rounds, and answers with what they did. Throws when a promise was not kept, with the seed, which makes the same
 * plan again (though not the same timing).
 */
export async function runOracle({ seed, minutes, environment, servers, say }: Run): Promise<Tally> {
  say(`oracle: seed ${seed}, ${minutes} minutes, ${servers} servers`);
  const began = performance.now();
  const tally = new Tally();
  await using fleet = await startFleet(environment, servers);
  /** Heads at which rounds began, the latest first. */
  const heads: string[] = [];
  do {
    const round = tally.of('rounds');
    const problems = await playRound(seed, round, { fleet, tally, heads }).catch((error: unknown) => [String(error)]);
    if (problems.length > 0) throw new Error([`oracle: seed ${seed}, round ${round}:`, ...problems.slice(0, mostTold)].join('\n'));
    tally.add('rounds');
    say(`oracle: ${Math.round((performance.now() - began) / 1000)} s: ${tally.toString()}`);
  } while (performance.now() - began < minutes * 60_000);
  return tally;
}

const mostTold = 20;
