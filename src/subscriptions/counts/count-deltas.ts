import type { CountBucket } from '../../counts/buckets.ts';
import { CountTable, type Group } from '../../counts/count-table.ts';
import type { Position } from '../../event/cursor.ts';

/**
 * A message of a live count. A SNAPSHOT plus all later DELTAs equals the result of the query
 * `eventCounts` at the cursor of the last message.
 */
export interface CountUpdate {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly buckets: readonly CountBucket[];
  readonly total: number;
  readonly cursor: Position;
  /** Updates with equal identities have equal content. */
  readonly identity: string;
}

/** The count of one range of the log: after `from`, up to and including `to`. */
export interface CountDelta {
  readonly from: Position;
  readonly to: Position;
  readonly groups: readonly Group[];
  readonly total: number;
}

/** The latest deltas of a live count: adjacent ranges. Beyond a limit drops the oldest. */
export class CountDeltas {
  private readonly deltas: CountDelta[] = [];
  private groups = 0;

  add(delta: CountDelta): void {
    this.deltas.push(delta);
    this.groups += delta.groups.length;
    while (this.deltas.length > maxDeltas || this.groups > maxDeltaGroups) this.groups -= this.deltas.shift()?.groups.length ?? this.groups;
  }

  /** The sum of all deltas after `position`; null if no stored delta begins there. */
  since(position: Position): CountTable | null {
    const first = this.deltas.findIndex(({ from }) => from === position);
    if (first === -1) return null;
    const table = new CountTable();
    for (const { groups, total } of this.deltas.slice(first)) {
      for (const group of groups) table.add(group.keys, group);
      table.total += total;
    }
    return table;
  }
}

/** Limits of deltas and of groups in them. A client that is further behind gets a snapshot. */
const maxDeltas = 32;
const maxDeltaGroups = 20_000;
