import type { Emission } from './emission-plan.ts';
import type { Acknowledged } from './emitter.ts';
import { positionOf } from './position.ts';
import type { Listed } from './plain-query.ts';

export interface LogFacts {
  readonly acknowledged: Acknowledged;
  /**
   * Ids of events that were created again after their removal. They are not in their emitter's
   * order.
   */
  readonly recreated: ReadonlySet<string>;
  /** Events up to this position were removed. */
  readonly logStart: number;
}

/**
 * Returns the problems of a round's log. It must contain each acknowledged event that was not
 * removed, once, at its acknowledged cursor, in the order of its emitter.
 */
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
      problems.push(`${id} was acknowledged at ${cursor}, and is at ${found ?? 'no cursor'}`);
  }
  // Other ids are of events that the servers emit, about the keys of clients.
  const unacknowledged = log.filter(({ id }) => !acknowledged.has(id) && id.startsWith('r'));
  if (unacknowledged.length > 0) problems.push(`stored, but not acknowledged: ${unacknowledged.map(({ id }) => id).join(', ')}`);
  const positions = new Map(log.flatMap(({ id, position }) => (recreated.has(id) ? [] : [[id, position]])));
  for (const batches of emissions) {
    const ids = batches.flatMap(({ items }) => items.flatMap(({ event, expect }) => (expect === 'NEW' ? [event.id] : [])));
    ids.forEach((id, index) => {
      // A batch rejected for a conflict is emitted again without it.
      const before = positions.get(ids[index - 1] ?? '');
      if (before !== undefined && ids.indexOf(id) === index && before > positions.get(id)!)
        problems.push(`${id} is before ${ids[index - 1]}`);
    });
  }
  return problems;
}
