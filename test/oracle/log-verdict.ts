import type { Emission } from './emission-plan.ts';
import type { Acknowledged } from './emitter.ts';
import { positionOf } from './position.ts';
import type { Listed } from './plain-query.ts';

export interface LogFacts {
  readonly acknowledged: Acknowledged;
  /** Ids that came again after their events were removed: those do not stand in their emitter's order. */
  readonly recreated: ReadonlySet<string>;
  /** Up to where events were removed. */
  readonly logStart: number;
}

/** What is wrong with the log of a round: it has what was acknowledged and not removed, once, where it was said to be, in each emitter's order. */
export function judgeLogOfRound(
  log: readonly Listed[],
  emissions: readonly (readonly Emission[])[],
  { acknowledged, recreated, logStart }: LogFacts,
): readonly string[] {
  const problems: string[] = [];
  const cursors = new Map(log.map(({ id, cursor }) => [id, cursor]));
  if (cursors.size < log.length) problems.push(`the log has ${log.length} events, but ${cursors.size} ids`);
  for (const [id, cursor] of acknowledged) {
    const found = cursors.get(id);
    if (found !== cursor && positionOf(cursor) > logStart)
      problems.push(`${id} was acknowledged at ${cursor}, and is at ${found ?? 'no place'}`);
  }
  const unacknowledged = log.filter(({ id }) => !acknowledged.has(id));
  if (unacknowledged.length > 0) problems.push(`stored, though not acknowledged: ${unacknowledged.map(({ id }) => id).join(', ')}`);
  const positions = new Map(log.flatMap(({ id, position }) => (recreated.has(id) ? [] : [[id, position]])));
  for (const batches of emissions) {
    const ids = batches.flatMap(({ items }) => items.flatMap(({ event, expect }) => (expect === 'NEW' ? [event.id] : [])));
    ids.forEach((id, index) => {
      // A batch that was refused for a conflict comes again without it.
      const before = positions.get(ids[index - 1] ?? '');
      if (before !== undefined && ids.indexOf(id) === index && before > positions.get(id)!)
        problems.push(`${id} stands before ${ids[index - 1]}`);
    });
  }
  return problems;
}
