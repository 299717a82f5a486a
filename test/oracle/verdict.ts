import { causalViolation } from './causal-verdict.ts';
import type { Follower } from './follower.ts';
import type { Listed } from './plain-query.ts';
import { positionOf } from './position.ts';
import type { Session } from './session.ts';

export interface Truth {
  /** What the plain query has from the follower's start on. */
  readonly expected: readonly Listed[];
  /** All that is known to have matched after its start, in order: also what was removed. */
  readonly known: readonly EventPosition[];
  /** Up to where events were removed. */
  readonly logStart: number;
  /** All events since the earliest start, by id, without those that came again. */
  readonly log: ReadonlyMap<string, Listed>;
}

/** What was wrong with a follower; each problem a line. */
export function judge(follower: Follower, truth: Truth): readonly string[] {
  const { expected, logStart } = truth;
  const { plan, sessions, list } = follower;
  const problems = sessions.flatMap((session, index) => {
    const judgeOrder = plan.source === 'CAUSAL' ? judgeCausal : judgeLog;
    const found = [...session.problems, ...judgeGaps(session, truth), ...judgeOrder(session, truth)];
    return found.map((problem) => `session ${index + 1} of ${sessions.length} from ${session.from}: ${problem}`);
  });
  // What a client has that went on from its cursors, session after session, of what is kept.
  const kept = list.filter(({ position }) => position > logStart);
  const got = plan.source === 'CAUSAL' ? kept.toSorted((a, b) => a.position - b.position) : kept;
  const all = difference(
    got,
    expected.filter(({ position }) => position > logStart),
  );
  if (all !== null) problems.push(`all sessions together: ${all}`);
  const { name, source, filter, batchSize } = plan;
  return problems.map((problem) => `${name} (${source}, batchSize ${batchSize}): ${problem}; its filter: ${JSON.stringify(filter)}`);
}

/** Nothing that is kept lies in a gap. */
function judgeGaps({ gaps }: Session, { logStart }: Truth): readonly string[] {
  return gaps.flatMap(({ from, to }) =>
    to > logStart ? [`a gap from ${from} to ${to}, but events were removed up to ${logStart} only`] : [],
  );
}

/** What a session should get, if it comes so far: what matched after its beginning, and lies in none of its gaps. */
function expectedIn({ gaps }: Session, begin: number, { known }: Truth): readonly EventPosition[] {
  return known.filter(({ position }) => position > begin && !gaps.some(({ from, to }) => position > from && position <= to));
}

/** In log order, a session gets what the plain query has from its beginning on, as far as it came. */
function judgeLog(session: Session, truth: Truth): readonly string[] {
  const { from, messages } = session;
  if (from === null) return [];
  const expectedEvents = expectedIn(session, positionOf(from), truth);
  const positions = new Set(expectedEvents.map(({ position }) => position));
  // Of what is gone, not everything is known: whatever else came of that lies in order, as the session has seen to.
  const isKnown = ({ position }: EventPosition): boolean => position > truth.logStart || positions.has(position);
  const got = messages.flatMap(({ deliveries }) => deliveries.filter(isKnown));
  const problem = difference(got, expectedEvents.slice(0, got.length));
  if (problem !== null) return [problem];
  // A cursor says that everything up to it was delivered.
  let delivered = 0;
  for (const { kind, deliveries, position, cursor } of messages) {
    delivered += deliveries.filter(isKnown).length;
    const next = expectedEvents[delivered];
    if (next !== undefined && next.position <= position) return [`${kind} goes on to ${cursor}, past ${next.id}, which was not delivered`];
  }
  return [];
}

/** In causal order, a session gets each event once, none from before its beginning, and none is missing before a cursor. */
function judgeCausal(session: Session, truth: Truth): readonly string[] {
  const { from, messages } = session;
  if (from === null) return [];
  const begin = positionOf(from);
  const { expected, logStart, log } = truth;
  const expectedEvents = expectedIn(session, begin, truth);
  const known = new Map(
    expected.flatMap((each) => (each.position > Math.max(begin, logStart) && log.has(each.id) ? [[each.id, each]] : [])),
  );
  const ids = new Map(truth.known.map(({ id, position }) => [position, id]));
  const order: string[] = [];
  const delivered = new Set<number>();
  let next = 0;
  for (const { kind, deliveries, position, cursor } of messages) {
    for (const { id, position } of deliveries) {
      if (delivered.has(position)) return [`${id} was delivered twice`];
      const isRight = position > begin && (ids.get(position) ?? (position > logStart ? null : id)) === id;
      if (!isRight) return [`${id} at ${position} is not in the plain query behind the beginning`];
      delivered.add(position);
      order.push(id);
    }
    for (; next < expectedEvents.length && expectedEvents[next]!.position <= position; next += 1) {
      if (!delivered.has(expectedEvents[next]!.position))
        return [`${kind} goes on to ${cursor}, past ${expectedEvents[next]!.id}, which was not delivered`];
    }
  }
  const problem = causalViolation(order, { known, log });
  return problem === null ? [] : [problem];
}

export interface EventPosition {
  readonly id: string;
  readonly position: number;
}

/** Where two lists part, with what stands around it; null: nowhere. */
function difference(got: readonly EventPosition[], expected: readonly EventPosition[]): string | null {
  const length = Math.max(got.length, expected.length);
  for (let index = 0; index < length; index += 1) {
    if (got[index]?.id === expected[index]?.id && got[index]?.position === expected[index]?.position) continue;
    const around = (list: readonly EventPosition[]): string =>
      list
        .slice(Math.max(index - 2, 0), index + 3)
        .map(({ id, position }) => `${id}@${position}`)
        .join(' ');
    return `differs at ${index}: got ${got.length} events, … ${around(got)} …; expected ${expected.length}, … ${around(expected)} …`;
  }
  return null;
}
