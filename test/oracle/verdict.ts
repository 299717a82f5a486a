import { unkeptPromise } from './causal-verdict.ts';
import type { Follower } from './follower.ts';
import type { Listed } from './plain-query.ts';
import { placeOf } from './position.ts';
import type { Session } from './session.ts';

export interface Truth {
  /** What the plain query has from the follower's start on. */
  readonly expected: readonly Listed[];
  /** All that is known to have matched after its start, in order: also what was removed. */
  readonly known: readonly Placed[];
  /** Up to where events were removed. */
  readonly gone: number;
  /** All events since the earliest start, by id, without those that came again. */
  readonly log: ReadonlyMap<string, Listed>;
}

/** What was wrong with a follower; each problem a line. */
export function judge(follower: Follower, truth: Truth): readonly string[] {
  const { expected, gone } = truth;
  const { plan, sessions, list } = follower;
  const problems = sessions.flatMap((session, index) => {
    const judgeOrder = plan.source === 'CAUSAL' ? judgeCausal : judgeLog;
    const found = [...session.problems, ...judgeGaps(session, truth), ...judgeOrder(session, truth)];
    return found.map((problem) => `session ${index + 1} of ${sessions.length} from ${session.from}: ${problem}`);
  });
  // What a client has that went on from its cursors, session after session, of what is kept.
  const kept = list.filter(({ place }) => place > gone);
  const got = plan.source === 'CAUSAL' ? kept.toSorted((a, b) => a.place - b.place) : kept;
  const all = difference(
    got,
    expected.filter(({ place }) => place > gone),
  );
  if (all !== null) problems.push(`all sessions together: ${all}`);
  const { name, source, filter, batchSize } = plan;
  return problems.map((problem) => `${name} (${source}, batchSize ${batchSize}): ${problem}; its filter: ${JSON.stringify(filter)}`);
}

/** Nothing that is kept lies in a gap. */
function judgeGaps({ gaps }: Session, { gone }: Truth): readonly string[] {
  return gaps.flatMap(({ from, to }) => (to > gone ? [`a gap from ${from} to ${to}, but events were removed up to ${gone} only`] : []));
}

/** What a session should get, if it comes so far: what matched after its beginning, and lies in none of its gaps. */
function wantedBy({ gaps }: Session, begin: number, { known }: Truth): readonly Placed[] {
  return known.filter(({ place }) => place > begin && !gaps.some(({ from, to }) => place > from && place <= to));
}

/** In log order, a session gets what the plain query has from its beginning on, as far as it came. */
function judgeLog(session: Session, truth: Truth): readonly string[] {
  const { from, said } = session;
  if (from === null) return [];
  const wanted = wantedBy(session, placeOf(from), truth);
  const places = new Set(wanted.map(({ place }) => place));
  // Of what is gone, not everything is known: whatever else came of that lies in order, as the session has seen to.
  const isKnown = ({ place }: Placed): boolean => place > truth.gone || places.has(place);
  const got = said.flatMap(({ deliveries }) => deliveries.filter(isKnown));
  const problem = difference(got, wanted.slice(0, got.length));
  if (problem !== null) return [problem];
  // A cursor says that everything up to it was delivered.
  let delivered = 0;
  for (const { kind, deliveries, place, cursor } of said) {
    delivered += deliveries.filter(isKnown).length;
    const next = wanted[delivered];
    if (next !== undefined && next.place <= place) return [`${kind} goes on to ${cursor}, past ${next.id}, which was not delivered`];
  }
  return [];
}

/** In causal order, a session gets each event once, none from before its beginning, and none is missing before a cursor. */
function judgeCausal(session: Session, truth: Truth): readonly string[] {
  const { from, said } = session;
  if (from === null) return [];
  const begin = placeOf(from);
  const { expected, gone, log } = truth;
  const wanted = wantedBy(session, begin, truth);
  const known = new Map(expected.flatMap((each) => (each.place > Math.max(begin, gone) && log.has(each.id) ? [[each.id, each]] : [])));
  const ids = new Map(truth.known.map(({ id, place }) => [place, id]));
  const order: string[] = [];
  const delivered = new Set<number>();
  let next = 0;
  for (const { kind, deliveries, place, cursor } of said) {
    for (const { id, place } of deliveries) {
      if (delivered.has(place)) return [`${id} was delivered twice`];
      const isRight = place > begin && (ids.get(place) ?? (place > gone ? null : id)) === id;
      if (!isRight) return [`${id} at ${place} is not in the plain query behind the beginning`];
      delivered.add(place);
      order.push(id);
    }
    for (; next < wanted.length && wanted[next]!.place <= place; next += 1) {
      if (!delivered.has(wanted[next]!.place)) return [`${kind} goes on to ${cursor}, past ${wanted[next]!.id}, which was not delivered`];
    }
  }
  const problem = unkeptPromise(order, { known, log });
  return problem === null ? [] : [problem];
}

export interface Placed {
  readonly id: string;
  readonly place: number;
}

/** Where two lists part, with what stands around it; null: nowhere. */
function difference(got: readonly Placed[], expected: readonly Placed[]): string | null {
  const length = Math.max(got.length, expected.length);
  for (let index = 0; index < length; index += 1) {
    if (got[index]?.id === expected[index]?.id && got[index]?.place === expected[index]?.place) continue;
    const around = (list: readonly Placed[]): string =>
      list
        .slice(Math.max(index - 2, 0), index + 3)
        .map(({ id, place }) => `${id}@${place}`)
        .join(' ');
    return `differs at ${index}: got ${got.length} events, … ${around(got)} …; expected ${expected.length}, … ${around(expected)} …`;
  }
  return null;
}
