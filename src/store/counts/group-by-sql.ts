import { sql, type SQL } from 'drizzle-orm';
import type { Dimension } from '../../counts/dimensions.ts';
import { firstSegments, payloadKey, type Key } from '../../counts/bucket-keys.ts';
import { secondOf } from '../../event/instant.ts';
import { fromTimestamp } from '../database/timestamps.ts';
import { valueAt } from '../filter-sql/payload-sql.ts';
import { primaryLabel } from '../filter-sql/resource-sql.ts';

/** A row of a count: what its events have in common as k0, k1 and so on; what is null there is missing. */
export type CountRow = Readonly<Record<`k${number}`, string | null>> & {
  readonly count: string;
  /** The same, but an event that is in several buckets is counted in one of them. */
  readonly once: string;
  readonly first_occurred: string;
  readonly last_occurred: string;
};

/** How events `e` are grouped in the database. A row of it may be less than a bucket, never more. */
export interface Grouping {
  /** `k0, k1, …`; none for time, which is told by the row's first and last instants. */
  readonly keys: readonly SQL[];
  /** What events are joined with. */
  readonly joined: readonly SQL[];
  /** That a joined row is the first of its event. */
  readonly once: SQL;
  /** How time is cut, so that few rows come; null where it does not matter. */
  readonly timeBin: SQL | null;
}

/** Groups by the dimensions; time is cut into pieces of so many seconds. */
export function groupingBy(dimensions: readonly Dimension[], binSeconds: number): Grouping {
  const joined: SQL[] = [];
  const once: SQL[] = [];
  const keys = dimensions.flatMap((dimension, index) => {
    if (dimension.kind !== 'role') return keySql(dimension) ?? [];
    const alias = sql.raw(`r${index}`);
    joined.push(sql`left join lateral (
      select id, row_number() over () as n
      from (select distinct r.resource ->> 'id' as id from jsonb_array_elements(e.related) as r (resource) where r.resource ->> 'role' = ${dimension.role}::text) ids
    ) ${alias} on true`);
    once.push(sql`coalesce(${alias}.n, 1) = 1`);
    return sql`${alias}.id`;
  });
  const hasTime = dimensions.some(({ kind }) => kind === 'time');
  return {
    keys,
    joined,
    once: once.length === 0 ? sql`true` : sql.join(once, sql` and `),
    timeBin: hasTime ? sql`date_bin(${`${binSeconds} seconds`}::text::interval, e.occurred, ${binOrigin}::text::timestamptz)` : null,
  };
}

/** The keys of a row; null: its events lie in several spans of time, so it must be cut finer. */
export function keysOfRow(dimensions: readonly Dimension[], row: CountRow): readonly Key[] | null {
  const keys: Key[] = [];
  let column = 0;
  for (const dimension of dimensions) {
    if (dimension.kind === 'time') {
      const { start, end } = dimension.calendar.intervalAt(secondOf(fromTimestamp(row.first_occurred)));
      if (secondOf(fromTimestamp(row.last_occurred)) >= end) return null;
      keys.push(start);
      continue;
    }
    const text = row[`k${column}`] ?? null;
    column += 1;
    keys.push(text === null ? null : keyOf(dimension, text));
  }
  return keys;
}

function keyOf(dimension: Dimension, text: string): string | null {
  switch (dimension.kind) {
    case 'event':
    case 'resource':
      return firstSegments(text, dimension.segments);
    case 'payload':
      return payloadKey(JSON.parse(text));
    default:
      return text;
  }
}

function keySql(dimension: Exclude<Dimension, { kind: 'role' }>): SQL | null {
  switch (dimension.kind) {
    case 'time':
      return null;
    case 'event':
      return segmentsSql(sql`e.event`, dimension.segments);
    case 'resource':
      return segmentsSql(sql`e.resource_id`, dimension.segments);
    case 'label':
      return primaryLabel(dimension.label);
    case 'payload':
      return sql`${valueAt(dimension.path)}`; // equal values are one key; their text is that of one of them
    default:
      return dimension satisfies never;
  }
}

function segmentsSql(column: SQL, segments: number | null): SQL {
  return segments === null ? column : sql`array_to_string((string_to_array(${column}, '.'))[1:${segments}::int], '.')`;
}

/** Some midnight in UTC. */
const binOrigin = '2001-01-01T00:00:00Z';
