import { sql, type SQL } from 'drizzle-orm';
import { unpackedPlaces, unpackedTimes } from '../event/columns.ts';
import type { ColumnCount, Texts } from '../event/count-columns.ts';
import type { CountTable } from '../event/count-table.ts';
import { origin, type Position } from '../event/cursor.ts';
import type { Database } from './database.ts';
import { Pace } from './pace.ts';

/** A part of the log: after `from`, up to and including `to`. */
export interface Stretch {
  readonly from: Position;
  readonly to: Position;
}

/**
 * Counts every chapter up to `head` by its columns, some chapters a statement, by the primary key. Answers with the stretches
 * of the log that it could not count: behind the last chapter, chapters without columns, and those that have lost events.
 * A chapter has, or has lost, its first event first, since events are removed from the beginning of the log.
 */
export async function countByColumns(
  database: Database,
  head: Position,
  { count, table }: { readonly count: ColumnCount; readonly table: CountTable },
): Promise<readonly Stretch[]> {
  const left: Stretch[] = [];
  const leave = (from: Position, to: Position): void => {
    const before = left.at(-1);
    if (before?.to === from) left[left.length - 1] = { from: before.from, to };
    else left.push({ from, to });
  };
  const pace = new Pace(database.statementTimeout, firstChapters);
  let from = origin;
  for (;;) {
    pace.check();
    const limit = Math.min(pace.share, mostChapters);
    const rows = await pace.timed(() => database.rows<ChapterRow>(chapters({ from, head, limit }, count)));
    let began = performance.now();
    for (const row of rows) {
      const last = Number(row.last) as Position;
      if (row.whole === true) count.add(columnsOf(row), table);
      else leave(from, last);
      from = last;
      if (performance.now() - began < sliceMs) continue;
      await new Promise((resolve) => setImmediate(resolve)); // others' turn
      began = performance.now();
    }
    if (rows.length < limit) break;
  }
  if (from < head) leave(from, head);
  return left;
}

interface ChapterRow {
  readonly last: string;
  /** It has columns, and all its events are still there. */
  readonly whole: boolean | null;
  readonly occurred: Buffer;
  readonly names: string | null;
  readonly name_of: Buffer | null;
  readonly resources: string | null;
  readonly resource_of: Buffer | null;
}

function chapters(
  { from, head, limit }: { readonly from: Position; readonly head: Position; readonly limit: number },
  { needs }: ColumnCount,
): SQL {
  const names = sql.raw(needs.names ? 'c.names, c.name_of' : 'null as names, null as name_of');
  const resources = sql.raw(needs.resources ? 'c.resources, c.resource_of' : 'null as resources, null as resource_of');
  return sql`
    select c.last, c.occurred, ${names}, ${resources},
      c.occurred is not null and exists (select from tidings.events e where e.position = c.first) as whole
    from tidings.digest_chapters c
    where c.last > ${from} and c.last <= ${head}
    order by c.last
    limit ${limit}`;
}

function columnsOf({ occurred, names, name_of, resources, resource_of }: ChapterRow) {
  return { times: unpackedTimes(occurred), names: textsOf(names, name_of), resources: textsOf(resources, resource_of) };
}

function textsOf(texts: string | null, of: Buffer | null): Texts | null {
  return texts === null || of === null ? null : { texts: JSON.parse(texts) as readonly string[], of: unpackedPlaces(of) };
}

/** A thousand events each: the first statement, and the largest, which takes a megabyte or two. */
const firstChapters = 32;
const mostChapters = 128;
const sliceMs = 10;
