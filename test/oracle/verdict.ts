import type { Follower } from './follower.ts';
import type { Listed } from './plain-query.ts';
import { positionOf } from './position.ts';
import type { Session } from './session.ts';

export interface EventPosition {
  readonly id: string;
  readonly position: number;
}

/** The facts with which a follower's deliveries are compared. */
export interface Truth {
  /** The result of the plain query from the follower's start. */
  readonly expected: readonly Listed[];
  /** All known matches after its start, in order, including removed events. */
  readonly known: readonly EventPosition[];
  /** Events up to this position were removed. */
  readonly logStart: number;
  /** Servers can emit events about keys after the round: what is beyond this position is not judged. */
  readonly end: number;
  /** All events since the earliest start, by id, without those that were created again. */
  readonly log: ReadonlyMap<string, Listed>;
}

/** Returns the problems of a follower, one a line. */
export function judge(follower: Follower, truth: Truth): readonly string[] {
  const { expected, logStart, end } = truth;
  const { plan, sessions, list } = follower;
  const problems = sessions.flatMap((session, index) => {
    const judgeOrder = plan.source === 'CAUSAL' ? judgeCausal : judgeLog;
    const found = [...session.problems, ...judgeGaps(session, truth), ...judgeOrder(session, truth)];
    return found.map((problem) => `session ${index + 1} of ${sessions.length} from ${session.from}: ${problem}`);
  });
  // The events of a client that resumed session after session, without removed ones.
  const kept = list.filter(({ position }) => position > logStart && position <= end);
  const got = plan.source === 'CAUSAL' ? kept.toSorted((a, b) => a.position - b.position) : kept;
  const all = difference(
    got,
    expected.filter(({ position }) => position > logStart),
  );
  if (all !== null) problems.push(`all sessions together: ${all}`);
  const { name, source, filter, batchSize } = plan;
  return problems.map((problem) => `${name} (${source}, batchSize ${batchSize}): ${problem}; its filter: ${JSON.stringify(filter)}`);
}

/** No event that is still stored lies in a gap. */
function judgeGaps({ gaps }: Session, { logStart }: Truth): readonly string[] {
  return gaps.flatMap(({ from, to }) =>
    to > logStart ? [`a gap from ${from} to ${to}, but events were removed up to ${logStart} only`] : [],
  );
}

/** The events due in a session that runs long enough: matches after its start, outside its gaps. */
function expectedIn({ gaps }: Session, begin: number, { known }: Truth): readonly EventPosition[] {
  return known.filter(({ position }) => position > begin && !gaps.some(({ from, to }) => position > from && position <= to));
}

/** In log order, a session receives a prefix of the plain query's result from its start. */
function judgeLog(session: Session, truth: Truth): readonly string[] {
  const { from, messages } = session;
  if (from === null) return [];
  const expectedEvents = expectedIn(session, positionOf(from), truth);
  const positions = new Set(expectedEvents.map(({ position }) => position));
  // Not every removed event is known. The session has checked that the others arrived in order.
  const isKnown = ({ position }: EventPosition): boolean => position <= truth.end && (position > truth.logStart || positions.has(position));
  const got = messages.flatMap(({ deliveries }) => deliveries.filter(isKnown));
  const problem = difference(got, expectedEvents.slice(0, got.length));
  if (problem !== null) return [problem];
  // A cursor states that everything up to it was delivered.
  let delivered = 0;
  for (const { kind, deliveries, position, cursor } of messages) {
    delivered += deliveries.filter(isKnown).length;
    const next = expectedEvents[delivered];
    if (next !== undefined && next.position <= position) return [`${kind} moves to ${cursor}, past ${next.id}, which was not delivered`];
  }
  return [];
}

/**
 * In causal order, a session receives each event once, none from before its start, and misses none
 * before a cursor.
 */
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
      if (position > truth.end) continue;
      if (delivered.has(position)) return [`${id} was delivered twice`];
      const isRight = position > begin && (ids.get(position) ?? (position > logStart ? null : id)) === id;
      if (!isRight) return [`${id} at ${position} is not in the plain query after the start`];
      delivered.add(position);
      order.push(id);
    }
    for (; next < expectedEvents.length && expectedEvents[next]!.position <= position; next += 1) {
      if (!delivered.has(expectedEvents[next]!.position))
        return [`${kind} moves to ${cursor}, past ${expectedEvents[next]!.id}, which was not delivered`];
    }
  }
  const problem = causalViolation(order, { known, log });
  return problem === null ? [] : [problem];
}

/**
 * Returns a line about the first event that was delivered before its predecessor in violation of
 * the contract; null if there is none.
 *
 * The contract covers an event and its predecessor if both match and lie after the session's start
 * (`known`). The predecessor, and all that it follows in turn, must have been received within 30 s
 * after the event. The check uses a shorter bound: a frozen server can send what its clock released
 * before what is still in transit. It does not cover cycles and chains that wait for an event that
 * never arrived: those are delivered when the time is over.
 */
function causalViolation(order: readonly string[], { known, log }: Stored): string | null {
  const delivered = new Set<string>();
  for (const id of order) {
    delivered.add(id);
    const event = known.get(id);
    if (event === undefined) continue; // removed by retention
    if (event.follows === null || delivered.has(event.follows) || !known.has(event.follows)) continue;
    if (arrivesInTime(event, { known, log })) return `${id} was delivered before ${event.follows}, which it follows`;
  }
  return null;
}

interface Stored {
  /** The events that match and lie after the start of a session, by id. */
  readonly known: ReadonlyMap<string, Listed>;
  /** All events since the earliest start. */
  readonly log: ReadonlyMap<string, Listed>;
}

function arrivesInTime(event: Listed, { known, log }: Stored): boolean {
  const visited = new Set([event.id]);
  for (let predecessor = event.follows; predecessor !== null;) {
    const stored = log.get(predecessor);
    if (stored === undefined || visited.has(predecessor) || stored.received > event.received + guaranteedWaitMs) return false;
    visited.add(predecessor);
    // A predecessor outside `known` delays no other event once it is stored.
    predecessor = known.has(predecessor) ? stored.follows : null;
  }
  return true;
}

/** Describes the first difference of two lists with its neighbours; null if they are equal. */
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

const guaranteedWaitMs = 15_000;
