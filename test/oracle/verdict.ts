import { unkeptPromise } from './causal-verdict.ts';
import type { Follower } from './follower.ts';
import type { Listed } from './plain-query.ts';
import { placeOf } from './place.ts';
import type { Session } from './session.ts';

export interface Truth {
  /** What the follower should have got, from its start on. */
  readonly expected: readonly Listed[];
  /** All events since the earliest start, by id. */
  readonly log: ReadonlyMap<string, Listed>;
}

/** What was wrong with a follower; each problem a line. */
export function judge(follower: Follower, truth: Truth): readonly string[] {
  const { expected } = truth;
  const { plan, sessions, list } = follower;
  const problems = sessions.flatMap((session, index) => {
    const found = [...session.problems, ...(plan.source === 'CAUSAL' ? judgeCausal(session, truth) : judgeLog(session, expected))];
    return found.map((problem) => `session ${index + 1} of ${sessions.length} from ${session.from}: ${problem}`);
  });
  // What a client has that went on from its cursors, session after session.
  const got = plan.source === 'CAUSAL' ? list.toSorted((a, b) => a.place - b.place) : list;
  const all = difference(got, expected);
  if (all !== null) problems.push(`all sessions together: ${all}`);
  const { name, source, filter, batchSize } = plan;
  return problems.map((problem) => `${name} (${source}, batchSize ${batchSize}): ${problem}; its filter: ${JSON.stringify(filter)}`);
}

/** In log order, a session gets what the plain query has from its beginning on, as far as it came. */
function judgeLog(session: Session, expected: readonly Listed[]): readonly string[] {
  const { from, said } = session;
  if (from === null) return [];
  const begin = placeOf(from);
  const wanted = expected.filter(({ place }) => place > begin);
  const got = said.flatMap(({ deliveries }) => deliveries);
  const problem = difference(got, wanted.slice(0, got.length));
  if (problem !== null) return [problem];
  // A cursor says that everything up to it was delivered.
  let delivered = 0;
  for (const { kind, deliveries, place, cursor } of said) {
    delivered += deliveries.length;
    const next = wanted[delivered];
    if (next !== undefined && next.place <= place) return [`${kind} goes on to ${cursor}, past ${next.id}, which was not delivered`];
  }
  return [];
}

/** In causal order, a session gets each event once, none from before its beginning, and none is missing before a cursor. */
function judgeCausal(session: Session, { expected, log }: Truth): readonly string[] {
  const { from, said } = session;
  if (from === null) return [];
  const begin = placeOf(from);
  const wanted = expected.filter(({ place }) => place > begin);
  const known = new Map(wanted.map((each) => [each.id, each]));
  const order: string[] = [];
  const delivered = new Set<string>();
  let next = 0;
  for (const { kind, deliveries, place, cursor } of said) {
    for (const { id, place } of deliveries) {
      if (delivered.has(id)) return [`${id} was delivered twice`];
      if (known.get(id)?.place !== place) return [`${id} at ${place} is not in the plain query behind the beginning`];
      delivered.add(id);
      order.push(id);
    }
    for (; next < wanted.length && wanted[next]!.place <= place; next += 1) {
      if (!delivered.has(wanted[next]!.id)) return [`${kind} goes on to ${cursor}, past ${wanted[next]!.id}, which was not delivered`];
    }
  }
  const problem = unkeptPromise(order, { known, log });
  return problem === null ? [] : [problem];
}

interface Placed {
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
