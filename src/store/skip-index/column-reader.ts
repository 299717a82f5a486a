import { sql, type SQL } from 'drizzle-orm';
import { decodeDictionaryCodes, decodeTimes } from '../../skip-index/columns/column-chunks.ts';
import type { ColumnRef } from '../../skip-index/columns/column-ref.ts';
import { noColumn, type Column, type DecodedColumns } from '../../skip-index/columns/decoded-columns.ts';
import { decodeCodes, decodeValues, inflateIfDeflated } from '../../skip-index/columns/encoding.ts';
import { ancestorNames, payloadName } from '../../skip-index/columns/payload-columns.ts';

/**
 * The columns of row groups `c`: the values (v0, v1, …) and codes (o0, o1, …) of each. Both are null
 * if no event of the row group has the label, role or path.
 */
export type ColumnValues = Readonly<Record<`v${number}`, Buffer | string | null> & Record<`o${number}`, Buffer | null>>;

/** Parts of a statement that reads the columns of row groups `c`, through the primary keys. */
export interface ColumnFragments {
  /** Of the list of columns, each with a comma before it. */
  readonly columns: SQL;
  readonly joined: SQL;
  /** Whether the column, or its absence, gives the value of every event; for each column. */
  readonly isKnown: readonly SQL[];
}

export function columnFragments(needs: readonly ColumnRef[]): ColumnFragments {
  const columns = needs.map(columnSql);
  return {
    columns: sql.join(
      columns.map(({ values, codes }, index) => sql`, ${values} as ${sql.raw(`v${index}`)}, ${codes} as ${sql.raw(`o${index}`)}`),
      sql` `,
    ),
    joined: sql.join(
      columns.map(({ joined }) => joined),
      sql` `,
    ),
    isKnown: columns.map(({ isKnown }) => isKnown),
  };
}

interface ColumnSql {
  readonly values: SQL;
  readonly codes: SQL;
  readonly joined: SQL;
  readonly isKnown: SQL;
}

function columnSql({ kind, name }: ColumnRef, index: number): ColumnSql {
  if (kind === 'event' || kind === 'resource') {
    const [texts, codes] = kind === 'event' ? [sql`c.names`, sql`c.name_of`] : [sql`c.resources`, sql`c.resource_of`];
    return { values: texts, codes, joined: sql``, isKnown: sql`c.occurred is not null` };
  }
  if (kind === 'related') {
    const roles = sql`from tidings.chapter_columns r where r.chapter = c.last and r.kind = 'role'`;
    const list = sql`json_agg(json_build_array(r.name, encode(r."values", 'base64'), encode(r.value_of, 'base64')))`;
    return {
      values: sql`(select coalesce(${list}, '[]')::text ${roles})`,
      codes: sql`null`,
      joined: sql``,
      isKnown: sql`(coalesce(c.complete, false) and not exists (select ${roles} and r."values" is null))`,
    };
  }
  const v = sql.raw(`x${index}`);
  return {
    values: sql`${v}."values"`,
    codes: sql`${v}.value_of`,
    joined: sql`left join tidings.chapter_columns ${v} on ${v}.chapter = c.last and ${v}.kind = ${kind} and ${v}.name = ${name}`,
    isKnown: sql`(${v}."values" is not null or ${v}.chapter is null and ${kind === 'payload' ? isAbsent(name) : sql`coalesce(c.complete, false)`})`,
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

/** Decodes columns of a row group; without `occurred`, not its times. */
export function decodeColumns(
  row: ColumnValues,
  { needs, count, occurred }: { readonly needs: readonly ColumnRef[]; readonly count: number; readonly occurred?: Buffer | null },
): DecodedColumns {
  return {
    count,
    times: decodeTimes(occurred ?? Buffer.alloc(0)),
    columns: needs.map(({ kind }, index) => {
      const [values, codes] = [row[`v${index}`] ?? null, row[`o${index}`] ?? null];
      return kind === 'related' ? { ...noColumn, roles: decodeRoles(values, count) } : decodeColumn(kind, { values, codes, count });
    }),
  };
}

function decodeRoles(list: Buffer | string | null, count: number): NonNullable<Column['roles']> {
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
