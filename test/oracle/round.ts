import { setMaxListeners } from 'node:events';
import { ask } from './ask.ts';
import { planEmissions } from './emission-plan.ts';
import { emitAll, type Acknowledged } from './emitter.ts';
import type { Fleet } from './fleet.ts';
import { planFollowers } from './follower-plan.ts';
import { createFollower, type Follower } from './follower.ts';
import { happen, planIncidents } from './incidents.ts';
import { judgeLogOfRound } from './log-verdict.ts';
import { placeOf } from './place.ts';
import { plainCount, plainQuery, type Listed } from './plain-query.ts';
import type { Tally } from './tally.ts';
import { judge } from './verdict.ts';

export interface RoundParts {
  readonly fleet: Fleet;
  readonly tally: Tally;
  /** Heads at which rounds began, the latest first; a round adds its own. */
  readonly heads: string[];
}

/** Emits, follows and makes trouble; then lets all followers catch up. Answers with what went wrong. */
export async function playRound(seed: number, round: number, { fleet, tally, heads }: RoundParts): Promise<readonly string[]> {
  const servers = fleet.size;
  const emissions = planEmissions(seed, round, { emitters: 24, servers });
  const plans = planFollowers(seed, round, { followers: 18, servers });
  const incidents = planIncidents(seed, round, servers);

  const { head: begin } = await ask(fleet.url(0), '{ head }');
  heads.unshift(begin);
  const counting = tally.of('events') < mostCounted;
  const before: number[] = [];
  for (const { filter } of plans) before.push(counting ? await plainCount(fleet, filter) : 0);

  const followers = plans.map((plan) => {
    const start = plan.start === null ? null : (heads[plan.start] ?? heads.at(-1)!);
    return createFollower(plan, { fleet, tally, start });
  });
  const acknowledged: Acknowledged = new Map();
  const over = new AbortController();
  setMaxListeners(0, over.signal); // every follower waits for it
  const living = Promise.all(followers.map((follower) => follower.live(over.signal)));
  const troubles = happen(incidents, { fleet, tally }, over.signal);
  troubles.catch(() => undefined); // told at the end of the round
  try {
    await Promise.all(emissions.map((batches) => emitAll(batches, { fleet, tally, acknowledged })));
  } finally {
    over.abort();
    await Promise.all([living, troubles]);
  }

  const { head: end } = await ask(fleet.url(0), '{ head }');
  // Followers may have started up to two rounds ago.
  const log = await plainQuery(fleet, null, heads[2] ?? heads.at(-1)!);
  const ofRound = log.filter(({ place }) => place > placeOf(begin));
  const problems = [...judgeLogOfRound(ofRound, emissions, acknowledged)];
  const byId = new Map(log.map((each) => [each.id, each]));
  // One by one: the embedded database has one connection, and waiting for it counts as a question's time.
  for (const [index, follower] of followers.entries()) {
    problems.push(...(await conclude(follower, { fleet, begin, end, log: byId, before: counting ? before[index]! : null })));
  }
  return problems;
}

interface End {
  readonly fleet: Fleet;
  readonly begin: string;
  readonly end: string;
  readonly log: ReadonlyMap<string, Listed>;
  /** How many events matched before the round; null: not counted. */
  readonly before: number | null;
}

/** Lets one follower catch up, and compares what it got with the plain query. */
async function conclude(follower: Follower, { fleet, begin, end, log, before }: End): Promise<readonly string[]> {
  const { filter, name } = follower.plan;
  const problems: string[] = [];
  // One that never came so far as to know its start starts at the end.
  const start = follower.start ?? end;
  const expected = await plainQuery(fleet, filter, start);
  const unfinished = await follower.finish(end, expected.length);
  if (unfinished !== null) problems.push(`${name}: ${unfinished}`);
  problems.push(...judge(follower, { expected, log }));
  if (before !== null) {
    const since = expected.filter(({ place }) => place > placeOf(begin)).length;
    const counted = await plainCount(fleet, filter);
    // Who started later does not have the whole round.
    if (placeOf(start) <= placeOf(begin) && counted !== before + since) {
      problems.push(`${name}: totalCount of ${JSON.stringify(filter)} went from ${before} to ${counted}, but ${since} events came`);
    }
  }
  return problems;
}

/** Beyond, counting takes longer than the round. */
const mostCounted = 100_000;
