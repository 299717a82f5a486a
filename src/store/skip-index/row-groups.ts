import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import type { ColumnRef } from '../../skip-index/columns/column-ref.ts';
import type { ColumnChunks } from '../../skip-index/columns/column-chunks.ts';
import type { RowGroup } from '../../skip-index/row-group.ts';
import type { BlockSummary } from '../../skip-index/block-summary.ts';
import type { Database } from '../database/database.ts';
import { toTimestamp } from '../database/timestamps.ts';

/**
 * The end of the last block summary, or the log start if that is later: events after it are
 * unindexed. By the primary key.
 */
export async function readIndexPosition(database: Database): Promise<Position> {
  const [row] = await database.rows<{ position: string }>(indexPosition);
  return Number(row?.position ?? origin) as Position;
}

/** A query of the index position, as `position` of its only row. */
export const indexPosition = sql`
  select greatest(log_start, (select d.last from tidings.digests d order by d.last desc limit 1)) as position from tidings.retention`;

/**
 * Appends a row group. If another process has stored the same one, leaves it unchanged. Returns
 * whether this call stored it.
 *
 * Guarantees: row groups do not overlap; otherwise their events would count twice.
 * Why: row groups that start at the same event are the same, and the primary key keeps one. Only
 * retention can make two processes start at different events. So a row group is not stored if one
 * of its events was removed: the statement locks the retention row, and tests it again if it has
 * changed meanwhile.
 */
export async function storeRowGroup(database: Database, { summaries, bloom, columns }: RowGroup): Promise<boolean> {
  const [first, last] = [summaries.at(0)?.first, summaries.at(-1)?.last];
  if (first === undefined || last === undefined) return false;
  const rows = await database.rows(sql`
    with whole as (
      select from tidings.retention where log_start < ${first} for share
    ), row_group as (
      insert into tidings.digest_chapters (last, signature, first, occurred, names, name_of, resources, resource_of, complete, text_normalized, label_keys)
      select
        ${last}, decode(${base64(bloom)}, 'base64'), ${columns?.first ?? null}::bigint, ${bytes(columns?.occurred)},
        ${json(columns?.names.texts)}::text, ${bytes(columns?.names.codes)},
        ${json(columns?.resources.texts)}::text, ${bytes(columns?.resources.codes)}, ${columns?.labels.hasAllColumns ?? null}::boolean, true, true
      from whole
      where not exists (select from tidings.digests where last >= ${first})
      on conflict do nothing
      returning last
    ), columns as (
      insert into tidings.chapter_columns (chapter, kind, name, "values", value_of)
      select row_group.last, made.kind, made.name, decode(made."values", 'base64'), decode(made.value_of, 'base64')
      from row_group
      cross join jsonb_to_recordset(${JSON.stringify(columnRows(columns))}::text::jsonb)
        as made (kind text, name text, "values" text, value_of text)
    )
    insert into tidings.digests
      (chapter, first, last, part, first_occurred, last_occurred, first_received, last_received, signature, text_normalized, label_keys)
    select
      row_group.last, made.first, made.last, part, first_occurred, last_occurred, first_received, last_received,
      decode(signature, 'base64'), true, true
    from row_group
    cross join jsonb_to_recordset(${JSON.stringify(summaries.map(summaryRow))}::text::jsonb) as made (
      first bigint, last bigint, part smallint, first_occurred timestamptz, last_occurred timestamptz,
      first_received timestamptz, last_received timestamptz, signature text
    )
    returning 1`);
  return rows.length > 0;
}

function summaryRow(summary: BlockSummary): Readonly<Record<string, unknown>> {
  return {
    first: summary.first,
    last: summary.last,
    part: summary.cluster,
    first_occurred: toTimestamp(summary.firstOccurred),
    last_occurred: toTimestamp(summary.lastOccurred),
    first_received: toTimestamp(summary.firstReceived),
    last_received: toTimestamp(summary.lastReceived),
    signature: base64(summary.bloom),
  };
}

function columnRows(columns: ColumnChunks | null): readonly Readonly<Record<string, unknown>>[] {
  if (columns === null) return [];
  return [
    ...columns.labels.columns.map(({ kind, name, encoded }) => columnRow({ kind, name }, encoded?.values, encoded?.codes)),
    ...columns.payloads.map(({ name, values, codes }) => columnRow({ kind: 'payload', name }, values, codes)),
  ];
}

function columnRow({ kind, name }: ColumnRef, values?: Uint8Array | null, codes?: Uint8Array | null): Readonly<Record<string, unknown>> {
  return { kind, name, values: values ? base64(values) : null, value_of: codes ? base64(codes) : null };
}

function bytes(value: Uint8Array | undefined): SQL {
  return sql`decode(${value === undefined ? null : base64(value)}::text, 'base64')`;
}

function json(value: readonly string[] | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
