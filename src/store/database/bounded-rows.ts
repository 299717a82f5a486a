import { sql, type SQL } from 'drizzle-orm';
import { allParts, type EventPart, type EventParts } from '../../event/event.ts';
import type { Database } from './database.ts';
import type { EventRow } from './event-row.ts';
import type { ReadBudget } from './read-budget.ts';

/** The JSON columns of an event, which can be large; null: not read. */
interface Bodies {
  resource_labels: string | null;
  related: string | null;
  payload: string | null;
}

/** A row whose JSON columns may not be read yet. */
export type PartialRow = Omit<EventRow, keyof Bodies> & Bodies & { readonly stored_bytes: string };

/** The same row with its JSON columns. */
export type CompleteRow<Row extends PartialRow> = Row & Pick<EventRow, keyof Bodies>;

export interface BoundedRows {
  /** A query of `storedColumns` and `extras`. */
  readonly found: SQL;
  /** The order, by columns of `found` with the alias `e`, as SQL. */
  readonly order: string;
  /** The names of further columns of `found` to return. */
  readonly extras?: readonly string[];
  readonly parts?: EventParts;
}

/**
 * A statement for `PartialRow`s: the rows of a query in order. Only the first ones, about `firstBytes`, have their JSON
 * columns; `completeRows` reads the others.
 *
 * Why the stored size? The size of a compressed value is known only after it was decompressed, which takes as long as
 * reading it. `compressionFactor` times its stored size estimates it. So a page of ordinary events is one statement.
 *
 * Two texts around the query: drizzle takes some time for each value of a template, and this is in every read.
 */
export function boundedRows({ found, order, extras = [], parts = allParts }: BoundedRows): SQL {
  const isFirst = `e.bytes_so_far <= ${firstBytes}`;
  const before = `
    select ${extras.map((name) => `e.${name}, `).join('')}
      e.position, e.received, e.occurred, e.id, e.event, e.resource_id, e.follows, e.stored_bytes,
      case when ${isFirst} then ${bodyColumn('labels', parts)} end as resource_labels,
      case when ${isFirst} then ${bodyColumn('related', parts)} end as related,
      case when ${isFirst} then ${bodyColumn('payload', parts)} end as payload
    from (
      select e.*, sum(e.stored_bytes) over (order by ${order} rows unbounded preceding) as bytes_so_far
      from (select e.*, ${storedBytes(parts)} as stored_bytes from (`;
  return sql`${sql.raw(before)}${found}${sql.raw(`) e) e) e order by ${order}`)}`;
}

/** The JSON of a part as text, or that of an empty one. */
function bodyColumn(part: EventPart, parts: EventParts): string {
  return parts.has(part) ? `e.${columnNames[part]}::text` : part === 'related' ? `'[]'::text` : `'{}'::text`;
}

/** The estimated size of the JSON columns. */
function storedBytes(parts: EventParts): string {
  const sizes = Array.from(parts, (part) => columnNames[part]).map(
    (column) => `pg_column_size(e.${column}) * case when pg_column_compression(e.${column}) is null then 1 else ${compressionFactor} end`,
  );
  return ['0', ...sizes].join(' + ');
}

/** The rows before the first one without its JSON columns; one, if that is the first one. */
export function leadingRows<Row extends PartialRow>(rows: readonly Row[]): readonly Row[] {
  const end = rows.findIndex((row) => !isComplete(row));
  return end === -1 ? rows : rows.slice(0, Math.max(end, 1));
}

/**
 * Reads the JSON columns that rows lack, into the rows: a few MB at a time, each event once, within the budget. Leaves out
 * events that retention has removed meanwhile. Throws LIMIT_EXCEEDED and UNAVAILABLE.
 */
export async function completeRows<Row extends PartialRow>(
  database: Database,
  rows: readonly Row[],
  budget: ReadBudget,
): Promise<readonly CompleteRow<Row>[]> {
  await budget.reserve(firstBytes);
  budget.settle(firstBytes, keepWithin(firstBytes, rows));
  const pending = new Map<string, Row[]>();
  for (const row of rows) if (!isComplete(row)) pending.set(row.position, [...(pending.get(row.position) ?? []), row]);
  for (let textPerStored = maxTextPerStored; pending.size > 0;) {
    const batch = batchOf(pending, batchBytes / textPerStored);
    await budget.reserve(batchBytes);
    let [textBytes, storedBytes] = [0, 0];
    try {
      const found = await readBodies(database, batch, budget);
      textBytes = keepWithin(batchBytes, found);
      for (const { position, ...bodies } of found.filter(isComplete)) {
        for (const row of pending.get(position) ?? []) Object.assign(row, bodies);
        storedBytes += Number(pending.get(position)?.[0]?.stored_bytes);
        pending.delete(position);
      }
      const returned = new Set(found.map(({ position }) => position));
      for (const position of batch) if (!returned.has(position)) pending.delete(position);
    } finally {
      budget.settle(batchBytes, textBytes);
    }
    if (storedBytes > 0) textPerStored = Math.max(textBytes / storedBytes, minTextPerStored);
  }
  return rows.filter((row): row is CompleteRow<Row> => isComplete(row));
}

/** The first positions whose estimated sizes are at most `bytes` together; at least one. */
function batchOf(pending: ReadonlyMap<string, readonly PartialRow[]>, bytes: number): readonly string[] {
  const batch: string[] = [];
  let sum = 0;
  for (const [position, [row]] of pending) {
    sum += Number(row?.stored_bytes);
    if (batch.length > 0 && sum > bytes) break;
    batch.push(position);
  }
  return batch;
}

type BodyRow = Bodies & { readonly position: string };

/** By the primary key. */
function readBodies(database: Database, positions: readonly string[], { parts }: ReadBudget): Promise<readonly BodyRow[]> {
  return database.rows<BodyRow>(sql`
    select e.position, ${sql.raw(bodyColumn('labels', parts))} as resource_labels,
      ${sql.raw(bodyColumn('related', parts))} as related, ${sql.raw(bodyColumn('payload', parts))} as payload
    from jsonb_array_elements_text(${JSON.stringify(positions)}::text::jsonb) as wanted (position)
    join tidings.events e on e.position = wanted.position::bigint`);
}

/**
 * Drops the JSON columns of rows beyond `maxBytes`, except those of the first row, so that no operation waits with more
 * than it has reserved. Returns the bytes of the others.
 */
function keepWithin(maxBytes: number, rows: readonly Bodies[]): number {
  let kept = 0;
  for (const row of rows) {
    if (!isComplete(row)) continue;
    const bytes =
      rowOverheadBytes + Buffer.byteLength(row.resource_labels) + Buffer.byteLength(row.related) + Buffer.byteLength(row.payload);
    if (kept > 0 && kept + bytes > maxBytes) Object.assign(row, noBodies);
    else kept += bytes;
  }
  return kept;
}

function isComplete<Row extends Bodies>(row: Row): row is Row & Pick<EventRow, keyof Bodies> {
  return row.payload !== null;
}

const columnNames: Readonly<Record<EventPart, keyof Bodies>> = { labels: 'resource_labels', related: 'related', payload: 'payload' };
const noBodies: Bodies = { resource_labels: null, related: null, payload: null };
/** The other columns, in about. */
const rowOverheadBytes = 300;
/** Enough for the pages that clients read most: a thousand events of 1 KB. */
const firstBytes = 1 << 20;
const batchBytes = 4 << 20;
/** Text of ordinary events is two to four times its compressed form. */
const compressionFactor = 8;
/** Text in relation to its estimate: of repeated characters, which Postgres compresses to a ninetieth, and of other text. */
const maxTextPerStored = 11;
const minTextPerStored = 1;
