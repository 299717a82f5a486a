import { setMaxListeners } from 'node:events';
import type { StoredEvent } from '../../src/event/event.ts';
import { plainMatches } from '../support/oracles/plain-matches.ts';
import { runQuery } from './query.ts';
import { planEmissions } from './emission-plan.ts';
import { emitAll, type Acknowledged, type Ledger } from './emitter.ts';
import type { Fleet } from './fleet.ts';
import { planFollowers } from './follower-plan.ts';
import { createClientFollower } from '../client/client-follower.ts';
import { createFollower, type Follower } from './follower.ts';
import { runIncidents, planIncidents } from './incidents.ts';
import { judgeLogOfRound } from './log-verdict.ts';
import { followCounts, judgeCounts, planCounters, type CounterPlan } from './reads/counter.ts';
import { countProblem, judgePages } from './reads/page-verdict.ts';
import { planPagers, readPlannedPages, readTotalCounts, type PagerPlan } from './reads/pager.ts';
import { notBefore, positionOf } from './position.ts';
import { plainCount, plainQuery, rejectsExpired, type Listed } from './plain-query.ts';
import { planClockJumps, type Retention } from './retention.ts';
import type { RunStats } from './stats.ts';
import { judge, type EventPosition } from './verdict.ts';
import type { WholeLog } from './reads/whole-log.ts';

export interface RoundParts {
  readonly fleet: Fleet;
  readonly stats: RunStats;
  /** The heads at which rounds began, latest first; a round adds its own. */
  readonly heads: string[];
  /** The acknowledged events of the whole run. */
  readonly ledger: Ledger;
  readonly retention: Retention;
  readonly wholeLog: WholeLog;
}

/** Emits, subscribes, reads pages and counts, and runs incidents; then lets all followers catch up. Returns the problems. */
export async function playRound(seed: number, round: number, parts: RoundParts): Promise<readonly string[]> {
  const { fleet, stats, heads, ledger, retention, wholeLog } = parts;
  const servers = fleet.size;
  const emissions = planEmissions(seed, round, { emitters: 24, servers });
  const plans = planFollowers(seed, round, { followers: 18, unfiltered: retention.active ? 4 : 0, servers });
  const pagers = planPagers(seed, round, { pagers: 4, servers });
  // Counts of events that retention removes meanwhile are not known afterwards.
  const counters = planCounters(seed, round, { counters: retention.active ? 0 : 4, servers });
  const incidents = planIncidents(seed, round, servers);

  const { head: begin } = await runQuery(fleet.url(0), '{ head }');
  heads.unshift(begin);
  const logStartBefore = await retention.logStart();
  const countsMatches = !retention.active && stats.count('events') < maxCountedEvents;
  const counted: number[] = [];
  for (const { filter } of plans) counted.push(countsMatches ? await plainCount(fleet, filter) : 0);

  const followers = plans.map((plan) => {
    const start = plan.start === null ? null : (heads[plan.start] ?? heads.at(-1)!);
    const create = plan.source === 'CLIENT' ? createClientFollower : createFollower;
    return create(plan, { fleet, stats, retention, start });
  });
  // Matches that exist now can be removed during the round.
  const matchedBefore: (readonly EventPosition[])[] = [];
  for (const { plan, start } of followers) {
    matchedBefore.push(retention.active && start !== null ? await plainQuery(fleet, plan.filter, notBefore(start, logStartBefore)) : []);
  }
  const acknowledged: Acknowledged = new Map();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // one listener per follower
  const following = Promise.all(followers.map((follower) => follower.run(stop.signal)));
  const paging = Promise.all(pagers.map((plan) => readPlannedPages(plan, { fleet, stats }, stop.signal)));
  paging.catch(() => undefined); // awaited at the end of the round
  const counting = Promise.all(counters.map((plan) => followCounts(plan, { fleet, stats }, stop.signal)));
  const incidentRuns = Promise.all([
    runIncidents(incidents, { fleet, stats }, stop.signal),
    retention.run(planClockJumps(seed, round), stats, stop.signal),
  ]);
  incidentRuns.catch(() => undefined); // awaited at the end of the round
  try {
    await Promise.all(emissions.map((batches) => emitAll(batches, { fleet, stats, acknowledged, ledger, retention })));
  } finally {
    stop.abort();
    await Promise.all([following, incidentRuns]);
  }

  const { head: end } = await runQuery(fleet.url(0), '{ head }');
  // Followers may have started up to two rounds ago.
  const logStart = await retention.logStart();
  const log = await plainQuery(fleet, null, notBefore(heads[2] ?? heads.at(-1)!, logStart));
  stats.add('events removed', [...ledger.keys()].filter((position) => position > logStartBefore && position <= logStart).length);
  const recreated = recreatedIds(ledger);
  const ofRound = log.filter(({ position }) => position > positionOf(begin));
  const problems = [...judgeLogOfRound(ofRound, emissions, { acknowledged, recreated, logStart })];
  const [pages, counts] = [await paging, await counting];
  if (retention.active || stats.count('events') < maxTestedEvents) {
    wholeLog.expect(emissions.flat());
    const events = await wholeLog.events(fleet, logStart);
    const problemsOf = ({ name, filter }: PagerPlan | CounterPlan, judgeMatches: (matches: readonly StoredEvent[]) => readonly string[]) =>
      judgeMatches(events.filter((event) => plainMatches(filter, event))).map((found) => `${name}, ${JSON.stringify(filter)}: ${found}`);
    for (const [index, plan] of pagers.entries()) {
      const totals = await readTotalCounts(fleet, plan.filter);
      const judgeTotals = (due: number) => totals.flatMap((each) => countProblem(each, { due, max: each.max, isLeast: false }) ?? []);
      problems.push(
        ...problemsOf(plan, (matches) => [...judgePages(pages[index]!, { matches, logStart }), ...judgeTotals(matches.length)]),
      );
    }
    for (const [index, plan] of counters.entries()) problems.push(...problemsOf(plan, (matches) => judgeCounts(counts[index]!, matches)));
  }
  const byId = new Map(log.flatMap((each) => (recreated.has(each.id) ? [] : [[each.id, each]])));
  // One by one: the embedded database has one connection, and waiting for it counts as a query's
  // time.
  for (const [index, follower] of followers.entries()) {
    const countBefore = countsMatches ? counted[index]! : null;
    problems.push(
      ...(await conclude(follower, { ...parts, begin, end, logStart, log: byId, matchedBefore: matchedBefore[index]!, countBefore })),
    );
  }
  return problems;
}

/** Ids of events that were created again after their removal. */
function recreatedIds(ledger: Ledger): ReadonlySet<string> {
  const once = new Set<string>();
  return new Set([...ledger.values()].filter((id) => once.has(id) || !once.add(id)));
}

interface RoundEnd extends RoundParts {
  readonly begin: string;
  readonly end: string;
  readonly log: ReadonlyMap<string, Listed>;
  /** Events up to this position were removed. */
  readonly logStart: number;
  /** The matches when the round began. */
  readonly matchedBefore: readonly EventPosition[];
  /** The number of matches before the round; null: not counted. */
  readonly countBefore: number | null;
}

/** Lets one follower catch up, and compares its events with the plain query. */
async function conclude(follower: Follower, parts: RoundEnd): Promise<readonly string[]> {
  const { fleet, ledger, begin, end, logStart, log, matchedBefore, countBefore } = parts;
  const { filter, name } = follower.plan;
  const problems: string[] = [];
  // A follower whose start no message reported starts at the end.
  const start = follower.start ?? end;
  if (positionOf(start) < logStart && !(await rejectsExpired(fleet, filter, start)))
    problems.push(`${name}: no page reported that ${start} has expired`);
  const expected = (await plainQuery(fleet, filter, notBefore(start, logStart))).filter(({ position }) => position <= positionOf(end));
  const unfinished = await follower.finish(end, expected.length);
  // The ledger has no filters: only followers without a filter match all of it.
  const all = filter === null ? [...ledger].map(([position, id]) => ({ position, id })) : [];
  const byPosition = new Map([...matchedBefore, ...all, ...expected].map((each) => [each.position, each] as const));
  const known = [...byPosition.values()].filter(({ position }) => position > positionOf(start)).toSorted((a, b) => a.position - b.position);
  if (unfinished !== null) problems.push(`${name}: ${unfinished}`);
  problems.push(...judge(follower, { expected, known, logStart, end: positionOf(end), log }));
  if (countBefore !== null) {
    const since = expected.filter(({ position }) => position > positionOf(begin)).length;
    const counted = await plainCount(fleet, filter);
    const { head } = await runQuery(fleet.url(0), '{ head }');
    // A follower that started later has not the whole round.
    if (head === end && positionOf(start) <= positionOf(begin) && counted !== countBefore + since) {
      problems.push(
        `${name}: totalCount of ${JSON.stringify(filter)} went from ${countBefore} to ${counted}, but ${since} events were added`,
      );
    }
  }
  return problems;
}

/** Above this number, testing each of them takes longer than the round. */
const maxTestedEvents = 30_000;
/** Above this number counting takes longer than the round. */
const maxCountedEvents = 100_000;
