import { sql, type SQL } from 'drizzle-orm';
import { TimeSlice } from '../../concurrency/time-slices.ts';
import type { ColumnarCount } from '../../counts/columnar/columnar-count.ts';
import { noColumn, type DecodedColumns, type Column } from '../../skip-index/columns/decoded-columns.ts';
import type { ColumnRef } from '../../skip-index/columns/column-ref.ts';
import { decodeDictionaryCodes, decodeTimes } from '../../skip-index/columns/column-chunks.ts';
import type { CountTable } from '../../counts/count-table.ts';
import { origin, type Position } from '../../event/cursor.ts';
import { inflateIfDeflated, decodeCodes, decodeValues } from '../../skip-index/columns/encoding.ts';
import { ancestorNames, payloadName } from '../../skip-index/columns/payload-columns.ts';
import type { Database } from '../database/database.ts';
import type { LogRange } from '../skip-index/block-ranges.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';

/**
 * Counts the row groups up to `head` by their column chunks, some row groups a statement, through
 * the primary keys. Returns the ranges of the log that it could not count: unindexed events, row
 * groups that lack a required column, and row groups with removed events. Retention removes from
 * the start of the log, so testing the first event of a row group is enough.
 */
export async function countByColumns(
  database: Database,
  head: Position,
  { count, table }: { readonly count: ColumnarCount; readonly table: CountTable },
): Promise<readonly LogRange[]> {
  const uncounted: LogRange[] = [];
  const addUncounted = (from: Position, to: Position): void => {
    const before = uncounted.at(-1);
    if (before?.to === from) uncounted[uncounted.length - 1] = { from: before.from, to };
    else uncounted.push({ from, to });
  };
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialRowGroups);
  let from = origin;
  for (;;) {
    adaptiveBatch.checkDeadline();
    const limit = Math.min(adaptiveBatch.batchSize, maxRowGroups);
    const rows = await adaptiveBatch.timed(() => database.rows<RowGroupRow>(rowGroupsSql({ from, head, limit }, count.needs)));
    const slice = new TimeSlice(sliceMs);
    for (const row of rows) {
      const last = Number(row.last) as Position;
      if (row.occurred === null) addUncounted(from, last);
      else count.add(decodeColumns(row.occurred, row, count.needs), table);
      from = last;
      if (slice.isOver()) await slice.next();
    }
    if (rows.length < limit) break;
  }
  if (from < head) addUncounted(from, head);
  return uncounted;
}

/** The values (v0, v1, …) and codes (o0, o1, …) of each column. */
type RowGroupRow = Readonly<Record<`v${number}`, Buffer | string | null> & Record<`o${number}`, Buffer | null>> & {
  readonly last: string;
  /** The times. Null if a required column is missing, or if the row group has removed events. */
  readonly occurred: Buffer | null;
};

function rowGroupsSql(
  { from, head, limit }: { readonly from: Position; readonly head: Position; readonly limit: number },
  needs: readonly ColumnRef[],
): SQL {
  const fragments = needs.map((each, index) => columnSql(each, index));
  const joinFragments = (field: keyof ColumnSql): SQL =>
    sql.join(
      fragments.map((each) => each[field]),
      sql` `,
    );
  return sql`
    select c.last, case when whole then c.occurred end as occurred ${joinFragments('columns')}
    from (
      select c.*, c.occurred is not null and exists (select from tidings.events e where e.position = c.first) as kept
      from tidings.digest_chapters c
      where c.last > ${from} and c.last <= ${head}
      order by c.last
      limit ${limit}
    ) c
    ${joinFragments('joined')}
    cross join lateral (select c.kept ${joinFragments('isKnown')} as whole) w
    order by c.last`;
}

interface ColumnSql {
  readonly columns: SQL;
  readonly joined: SQL;
  /** Whether the column, or its absence, gives the value of every event. */
  readonly isKnown: SQL;
}

function columnSql({ kind, name }: ColumnRef, index: number): ColumnSql {
  const valuesAlias = sql.raw(`as v${index}`);
  const codesAlias = sql.raw(`as o${index}`);
  if (kind === 'event' || kind === 'resource') {
    const [texts, codes] = kind === 'event' ? [sql`c.names`, sql`c.name_of`] : [sql`c.resources`, sql`c.resource_of`];
    return {
      columns: sql`, case when whole then ${texts} end ${valuesAlias}, case when whole then ${codes} end ${codesAlias}`,
      joined: sql``,
      isKnown: sql``,
    };
  }
  if (kind === 'related') {
    const roles = sql`from tidings.chapter_columns r where r.chapter = c.last and r.kind = 'role'`;
    const list = sql`json_agg(json_build_array(r.name, encode(r."values", 'base64'), encode(r.value_of, 'base64')))`;
    return {
      columns: sql`, case when whole then (select coalesce(${list}, '[]')::text ${roles}) end ${valuesAlias}, null ${codesAlias}`,
      joined: sql``,
      isKnown: sql`and c.complete and not exists (select ${roles} and r."values" is null)`,
    };
  }
  const v = sql.raw(`x${index}`);
  return {
    columns: sql`, case when whole then ${v}."values" end ${valuesAlias}, case when whole then ${v}.value_of end ${codesAlias}`,
    joined: sql`left join tidings.chapter_columns ${v} on ${v}.chapter = c.last and ${v}.kind = ${kind} and ${v}.name = ${name}`,
    isKnown: sql`and (${v}."values" is not null or ${v}.chapter is null and ${kind === 'payload' ? isAbsent(name) : sql`c.complete`})`,
  };
}

/**
 * Whether the missing column of a path proves that no event has a value there: no column of a
 * prefix reports missing paths.
 */
function isAbsent(name: string): SQL {
  const above = sql`${JSON.stringify(ancestorNames(name))}::text::jsonb`;
  const columns = sql`from tidings.chapter_columns a where a.chapter = c.last and a.kind = 'payload'`;
  return sql`(
    exists (select ${columns} and a.name = ${payloadName([])})
    and not exists (select ${columns} and a.name = any(array(select * from jsonb_array_elements_text(${above}))) and a.value_of is null)
  )`;
}

function decodeColumns(occurred: Buffer, row: RowGroupRow, needs: readonly ColumnRef[]): DecodedColumns {
  const times = decodeTimes(occurred);
  const count = times.seconds.length;
  const related = needs.findIndex(({ kind }) => kind === 'related');
  return {
    times,
    columns: needs.map(({ kind }, index) =>
      index === related ? noColumn : decodeColumn(kind, { values: row[`v${index}`] ?? null, codes: row[`o${index}`] ?? null, count }),
    ),
    roles: related === -1 ? [] : decodeRoles(row[`v${related}`], count),
  };
}

function decodeRoles(list: Buffer | string | null | undefined, count: number): DecodedColumns['roles'] {
  const roles = JSON.parse(typeof list === 'string' ? list : '[]') as readonly (readonly [role: string, values: string, codes: string])[];
  return roles.map(([role, values, codes]) => {
    const encoded = { values: Buffer.from(values, 'base64'), codes: Buffer.from(codes, 'base64') };
    return { role, column: decodeColumn('role', { ...encoded, count }) };
  });
}

function decodeColumn(
  kind: ColumnRef['kind'],
  { values, codes, count }: { readonly values: Buffer | string | null; readonly codes: Buffer | null; readonly count: number },
): Column {
  // No event of the row group has this label, role or value.
  if (values === null || codes === null)
    return { values: [kind === 'role' || kind === 'roles' ? [] : null], codes: new Uint16Array(count) };
  if (typeof values === 'string') return { values: JSON.parse(values) as readonly string[], codes: decodeDictionaryCodes(codes) };
  const decodedValues = decodeValues(values);
  const lengths = { size: decodedValues.length, count };
  return { values: decodedValues, codes: decodeCodes(kind === 'payload' ? inflateIfDeflated(codes, lengths) : codes, lengths) };
}

/** Row groups of the first statement, and of the largest, which reads one or two megabytes. */
const initialRowGroups = 32;
const maxRowGroups = 128;
/** Decoding yields to other requests after this time. */
const sliceMs = 10;
