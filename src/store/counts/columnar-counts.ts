import { sql, type SQL } from 'drizzle-orm';
import type { ColumnCount } from '../../counts/columnar/columnar-count.ts';
import { noColumn, type ChapterColumns, type Column } from '../../skip-index/columns/decoded-columns.ts';
import type { ColumnName } from '../../skip-index/columns/column-ref.ts';
import { unpackedPlaces, unpackedTimes } from '../../skip-index/columns/column-chunks.ts';
import type { CountTable } from '../../counts/count-table.ts';
import { origin, type Position } from '../../event/cursor.ts';
import { thickAgain, unpackedCodes, unpackedValues } from '../../skip-index/columns/encoding.ts';
import { namesAbove, payloadName } from '../../skip-index/columns/payload-columns.ts';
import type { Database } from '../database/database.ts';
import type { Stretch } from '../skip-index/block-ranges.ts';
import { Pace } from '../database/adaptive-batch.ts';

/**
 * Counts every chapter up to `head` by its columns, some chapters a statement, by the primary keys. Answers with the stretches
 * of the log that it could not count: behind the last chapter, chapters without a column that it takes, and those that have
 * lost events. A chapter has, or has lost, its first event first, since events are removed from the beginning of the log.
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
    const rows = await pace.timed(() => database.rows<ChapterRow>(chapters({ from, head, limit }, count.needs)));
    let began = performance.now();
    for (const row of rows) {
      const last = Number(row.last) as Position;
      if (row.occurred === null) leave(from, last);
      else count.add(columnsOf(row.occurred, row, count.needs), table);
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

/** v0, o0 and so on are a column's values, and which of them each event has. */
type ChapterRow = Readonly<Record<`v${number}`, Buffer | string | null> & Record<`o${number}`, Buffer | null>> & {
  readonly last: string;
  /** Null: its columns do not say all that it takes, or tell of events that are gone. */
  readonly occurred: Buffer | null;
};

function chapters(
  { from, head, limit }: { readonly from: Position; readonly head: Position; readonly limit: number },
  needs: readonly ColumnName[],
): SQL {
  const parts = needs.map((each, index) => columnSql(each, index));
  const part = (of: keyof ColumnSql): SQL =>
    sql.join(
      parts.map((each) => each[of]),
      sql` `,
    );
  return sql`
    select c.last, case when whole then c.occurred end as occurred ${part('columns')}
    from (
      select c.*, c.occurred is not null and exists (select from tidings.events e where e.position = c.first) as kept
      from tidings.digest_chapters c
      where c.last > ${from} and c.last <= ${head}
      order by c.last
      limit ${limit}
    ) c
    ${part('joined')}
    cross join lateral (select c.kept ${part('there')} as whole) w
    order by c.last`;
}

interface ColumnSql {
  readonly columns: SQL;
  readonly joined: SQL;
  /** Whether it is known what events have there. */
  readonly there: SQL;
}

function columnSql({ kind, name }: ColumnName, index: number): ColumnSql {
  const as = sql.raw(`as v${index}`);
  const asOf = sql.raw(`as o${index}`);
  if (kind === 'event' || kind === 'resource') {
    const [texts, of] = kind === 'event' ? [sql`c.names`, sql`c.name_of`] : [sql`c.resources`, sql`c.resource_of`];
    return { columns: sql`, case when whole then ${texts} end ${as}, case when whole then ${of} end ${asOf}`, joined: sql``, there: sql`` };
  }
  if (kind === 'related') {
    const roles = sql`from tidings.chapter_columns r where r.chapter = c.last and r.kind = 'role'`;
    const list = sql`json_agg(json_build_array(r.name, encode(r."values", 'base64'), encode(r.value_of, 'base64')))`;
    return {
      columns: sql`, case when whole then (select coalesce(${list}, '[]')::text ${roles}) end ${as}, null ${asOf}`,
      joined: sql``,
      there: sql`and c.complete and not exists (select ${roles} and r."values" is null)`,
    };
  }
  const v = sql.raw(`x${index}`);
  return {
    columns: sql`, case when whole then ${v}."values" end ${as}, case when whole then ${v}.value_of end ${asOf}`,
    joined: sql`left join tidings.chapter_columns ${v} on ${v}.chapter = c.last and ${v}.kind = ${kind} and ${v}.name = ${name}`,
    there: sql`and (${v}."values" is not null or ${v}.chapter is null and ${kind === 'payload' ? isAbsent(name) : sql`c.complete`})`,
  };
}

/** Whether no event of the chapter has anything at a path that has no column: there are columns, and none above says it may. */
function isAbsent(name: string): SQL {
  const above = sql`${JSON.stringify(namesAbove(name))}::text::jsonb`;
  const columns = sql`from tidings.chapter_columns a where a.chapter = c.last and a.kind = 'payload'`;
  return sql`(
    exists (select ${columns} and a.name = ${payloadName([])})
    and not exists (select ${columns} and a.name = any(array(select * from jsonb_array_elements_text(${above}))) and a.value_of is null)
  )`;
}

function columnsOf(occurred: Buffer, row: ChapterRow, needs: readonly ColumnName[]): ChapterColumns {
  const times = unpackedTimes(occurred);
  const count = times.seconds.length;
  const related = needs.findIndex(({ kind }) => kind === 'related');
  return {
    times,
    columns: needs.map(({ kind }, index) =>
      index === related ? noColumn : columnOf(kind, { values: row[`v${index}`] ?? null, of: row[`o${index}`] ?? null, count }),
    ),
    roles: related === -1 ? [] : rolesOf(row[`v${related}`], count),
  };
}

function rolesOf(list: Buffer | string | null | undefined, count: number): ChapterColumns['roles'] {
  const roles = JSON.parse(typeof list === 'string' ? list : '[]') as readonly (readonly [role: string, values: string, of: string])[];
  return roles.map(([role, values, of]) => {
    const packed = { values: Buffer.from(values, 'base64'), of: Buffer.from(of, 'base64') };
    return { role, column: columnOf('role', { ...packed, count }) };
  });
}

function columnOf(
  kind: ColumnName['kind'],
  { values, of, count }: { readonly values: Buffer | string | null; readonly of: Buffer | null; readonly count: number },
): Column {
  // No event has such a label, role, or value.
  if (values === null || of === null) return { values: [kind === 'role' || kind === 'roles' ? [] : null], of: new Uint16Array(count) };
  if (typeof values === 'string') return { values: JSON.parse(values) as readonly string[], of: unpackedPlaces(of) };
  const unpacked = unpackedValues(values);
  const lengths = { size: unpacked.length, count };
  return { values: unpacked, of: unpackedCodes(kind === 'payload' ? thickAgain(of, lengths) : of, lengths) };
}

/** A thousand events each: the first statement, and the largest, which takes a megabyte or two. */
const firstChapters = 32;
const mostChapters = 128;
const sliceMs = 10;
