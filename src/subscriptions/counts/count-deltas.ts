import { CountTable, type Group } from '../../counts/count-table.ts';
import type { Position } from '../../event/cursor.ts';
import type { CountBucket } from '../../counts/buckets.ts';

/** What was counted in a part of the log: after `from`, up to and including `to`. */
export interface CountDelta {
  readonly from: Position;
  readonly to: Position;
  readonly groups: readonly Group[];
  readonly total: number;
}

/** The last pieces of a live count, each where the one before ends, in bounded memory: the oldest go first. */
export class CountDeltas {
  private readonly deltas: CountDelta[] = [];
  private groups = 0;

  add(delta: CountDelta): void {
    this.deltas.push(delta);
    this.groups += delta.groups.length;
    while (this.deltas.length > maxDeltas || this.groups > maxDeltaGroups) this.groups -= this.deltas.shift()?.groups.length ?? this.groups;
  }

  /** All from a place on, as one; null where that is no beginning of a piece that is kept. */
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

/** A client that is slower than so many updates, or so many buckets in them, begins again with a snapshot. */
const maxDeltas = 32;
const maxDeltaGroups = 20_000;

/** What a live count says. Adding up, from a SNAPSHOT on, gives what a query would say at the last message's cursor. */
export interface CountUpdate {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly buckets: readonly CountBucket[];
  readonly total: number;
  readonly cursor: Position;
  /** Of updates with the same identity the content is the same. */
  readonly identity: string;
}
