import { setMaxListeners } from 'node:events';
import { ask } from './query.ts';
import { planEmissions } from './emission-plan.ts';
import { emitAll, type Acknowledged, type Ledger } from './emitter.ts';
import type { Fleet } from './fleet.ts';
import { planFollowers } from './follower-plan.ts';
import { createFollower, type Follower } from './follower.ts';
import { happen, planIncidents } from './incidents.ts';
import { judgeLogOfRound } from './log-verdict.ts';
import { notBefore, placeOf } from './position.ts';
import { plainCount, plainQuery, refusesRemoved, type Listed } from './plain-query.ts';
import { planAges, type Removal } from './retention.ts';
import type { Tally } from './stats.ts';
import { judge, type Placed } from './verdict.ts';

export interface RoundParts {
  readonly fleet: Fleet;
  readonly tally: Tally;
  /** Heads at which rounds began, the latest first; a round adds its own. */
  readonly heads: string[];
  /** Of the whole run. */
  readonly ledger: Ledger;
  readonly removal: Removal;
}

/** Emits, follows and makes trouble; then lets all followers catch up. Answers with what went wrong. */
export async function playRound(seed: number, round: number, parts: RoundParts): Promise<readonly string[]> {
  const { fleet, tally, heads, ledger, removal } = parts;
  const servers = fleet.size;
  const emissions = planEmissions(seed, round, { emitters: 24, servers });
  const plans = planFollowers(seed, round, { followers: 18, unfiltered: removal.active ? 3 : 0, servers });
  const incidents = planIncidents(seed, round, servers);

  const { head: begin } = await ask(fleet.url(0), '{ head }');
  heads.unshift(begin);
  const goneBefore = await removal.upTo();
  const counting = !removal.active && tally.of('events') < mostCounted;
  const counted: number[] = [];
  for (const { filter } of plans) counted.push(counting ? await plainCount(fleet, filter) : 0);

  const followers = plans.map((plan) => {
    const start = plan.start === null ? null : (heads[plan.start] ?? heads.at(-1)!);
    return createFollower(plan, { fleet, tally, removal, start });
  });
  // What is there before it may be removed.
  const seen: (readonly Placed[])[] = [];
  for (const { plan, start } of followers) {
    seen.push(removal.active && start !== null ? await plainQuery(fleet, plan.filter, notBefore(start, goneBefore)) : []);
  }
  const acknowledged: Acknowledged = new Map();
  const over = new AbortController();
  setMaxListeners(0, over.signal); // every follower waits for it
  const living = Promise.all(followers.map((follower) => follower.live(over.signal)));
  const troubles = Promise.all([
    happen(incidents, { fleet, tally }, over.signal),
    removal.happen(planAges(seed, round), tally, over.signal),
  ]);
  troubles.catch(() => undefined); // told at the end of the round
  try {
    await Promise.all(emissions.map((batches) => emitAll(batches, { fleet, tally, acknowledged, ledger, removal })));
  } finally {
    over.abort();
    await Promise.all([living, troubles]);
  }

  const { head: end } = await ask(fleet.url(0), '{ head }');
  // Followers may have started up to two rounds ago.
  const gone = await removal.upTo();
  const log = await plainQuery(fleet, null, notBefore(heads[2] ?? heads.at(-1)!, gone));
  tally.add('events removed', [...ledger.keys()].filter((place) => place > goneBefore && place <= gone).length);
  const again = createdAgain(ledger);
  const ofRound = log.filter(({ place }) => place > placeOf(begin));
  const problems = [...judgeLogOfRound(ofRound, emissions, { acknowledged, again, gone })];
  const byId = new Map(log.flatMap((each) => (again.has(each.id) ? [] : [[each.id, each]])));
  // One by one: the embedded database has one connection, and waiting for it counts as a question's time.
  for (const [index, follower] of followers.entries()) {
    const before = counting ? counted[index]! : null;
    problems.push(...(await conclude(follower, { ...parts, begin, end, gone, log: byId, seen: seen[index]!, before })));
  }
  return problems;
}

/** Ids that came again after their events were removed. */
function createdAgain(ledger: Ledger): ReadonlySet<string> {
  const once = new Set<string>();
  return new Set([...ledger.values()].filter((id) => once.has(id) || !once.add(id)));
}

interface End extends RoundParts {
  readonly begin: string;
  readonly end: string;
  readonly log: ReadonlyMap<string, Listed>;
  /** Up to where events were removed. */
  readonly gone: number;
  /** What matched when the round began. */
  readonly seen: readonly Placed[];
  /** How many events matched before the round; null: not counted. */
  readonly before: number | null;
}

/** Lets one follower catch up, and compares what it got with the plain query. */
async function conclude(follower: Follower, parts: End): Promise<readonly string[]> {
  const { fleet, ledger, begin, end, gone, log, seen, before } = parts;
  const { filter, name } = follower.plan;
  const problems: string[] = [];
  // One that never came so far as to know its start starts at the end.
  const start = follower.start ?? end;
  if (placeOf(start) < gone && !(await refusesRemoved(fleet, filter, start)))
    problems.push(`${name}: no page said that ${start} has expired`);
  const expected = await plainQuery(fleet, filter, notBefore(start, gone));
  const unfinished = await follower.finish(end, expected.length);
  // Of the ledger, only who asked for everything is known to match everything.
  const all = filter === null ? [...ledger].map(([place, id]) => ({ place, id })) : [];
  const byPlace = new Map([...seen, ...all, ...expected].map((each) => [each.place, each] as const));
  const known = [...byPlace.values()].filter(({ place }) => place > placeOf(start)).toSorted((a, b) => a.place - b.place);
  if (unfinished !== null) problems.push(`${name}: ${unfinished}`);
  problems.push(...judge(follower, { expected, known, gone, log }));
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
