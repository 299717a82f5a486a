import { runToEnd } from '../../src/json/run-to-end.ts';
import { createRowGroupBuilder, type RowGroup } from '../../src/skip-index/row-group.ts';
import type { StoredEvent } from '../../src/event/event.ts';
import type { Database } from '../../src/store/database/database.ts';
import { storeRowGroup } from '../../src/store/skip-index/row-groups.ts';

export interface BlockLengths {
  /** Events of a block. */
  readonly block: number;
  /** Events of a row group. */
  readonly rowGroup: number;
}

/** Indexes these events, which must be the first unindexed ones of the log. */
export async function indexEvents(database: Database, events: readonly StoredEvent[], lengths: BlockLengths): Promise<void> {
  for (const rowGroup of rowGroupsOf(events, lengths)) await storeRowGroup(database, rowGroup);
}

/** The row groups of these events; the last one can be shorter. */
export function* rowGroupsOf(events: readonly StoredEvent[], { block, rowGroup }: BlockLengths): Iterable<RowGroup> {
  for (let at = 0; at < events.length; at += rowGroup) {
    const builder = createRowGroupBuilder();
    const end = Math.min(at + rowGroup, events.length);
    for (let from = at; from < end; from += block) runToEnd(builder.add(events.slice(from, Math.min(from + block, end))));
    yield builder.rowGroup();
  }
}
