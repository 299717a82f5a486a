import { sql, type SQL } from 'drizzle-orm';
import type { Dimension } from '../../counts/dimensions.ts';
import { firstSegments, maxBucketsOfEvent, payloadKeyInSteps, type Key } from '../../counts/bucket-keys.ts';
import { parseStoredJsonInSteps } from '../../json/parse-in-steps.ts';
import { secondOf } from '../../event/instant.ts';
import { fromTimestamp } from '../database/timestamps.ts';
import { valueAt } from '../filter-sql/payload-sql.ts';
import { primaryLabel } from '../filter-sql/resource-sql.ts';

/** A row of a count: the common keys of its events as k0, k1, …; null without a value. */
export type CountRow = Readonly<Record<`k${number}`, string | null>> & {
  readonly count: string;
  /** `count`, with an event that is in several buckets counted only in one of them. */
  readonly once: string;
  /** Whether one of its events is in too many buckets. */
  readonly exceeds: boolean;
  readonly first_occurred: string;
  readonly last_occurred: string;
};

/** How the database groups events `e`. A row can be a part of a bucket, never more than one. */
export interface Grouping {
  /** `k0, k1, …`; none for time: the first and last instants of a row give its interval. */
  readonly keys: readonly SQL[];
  /** Joins of an event with its related resources. */
  readonly joined: readonly SQL[];
  /** Whether a joined row is the first of its event. */
  readonly once: SQL;
  /** Whether an event is in too many buckets: it is one row then, without related resources. */
  readonly exceeds: SQL;
  /** The time bin of an event, which keeps rows few; null without a time dimension. */
  readonly timeBin: SQL | null;
}

/** Groups by the dimensions, with time in bins of `binSeconds`. */
export function groupingBy(dimensions: readonly Dimension[], binSeconds: number): Grouping {
  const roles = dimensions.flatMap((dimension) => (dimension.kind === 'role' ? [dimension.role] : []));
  const fits = roles.length < 2 ? sql`true` : sql`combinations.n <= ${maxBucketsOfEvent}`;
  const joined: SQL[] =
    roles.length < 2 ? [] : [sql`cross join lateral (select ${sql.join(roles.map(idCount), sql` * `)} as n) combinations`];
  const once: SQL[] = [];
  const keys = dimensions.flatMap((dimension, index) => {
    if (dimension.kind !== 'role') return keySql(dimension) ?? [];
    const alias = sql.raw(`r${index}`);
    joined.push(sql`left join lateral (
      select id, row_number() over () as n
      from (select distinct r.resource ->> 'id' as id from jsonb_array_elements(e.related) as r (resource) where r.resource ->> 'role' = ${dimension.role}::text) ids
    ) ${alias} on ${fits}`);
    once.push(sql`coalesce(${alias}.n, 1) = 1`);
    return sql`${alias}.id`;
  });
  const hasTime = dimensions.some(({ kind }) => kind === 'time');
  return {
    keys,
    joined,
    exceeds: sql`not ${fits}`,
    once: once.length === 0 ? sql`true` : sql.join(once, sql` and `),
    timeBin: hasTime ? sql`date_bin(${`${binSeconds} seconds`}::text::interval, e.occurred, ${binOrigin}::text::timestamptz)` : null,
  };
}

/** The number of keys of an event in a role. */
function idCount(role: string): SQL {
  return sql`(
    select greatest(count(distinct r.resource ->> 'id'), 1)
    from jsonb_array_elements(e.related) as r (resource) where r.resource ->> 'role' = ${role}::text
  )::numeric`;
}

/**
 * The keys of a row; null if its events are in several intervals, so the bins must be smaller. In
 * steps, since a payload value can be large.
 */
export function* keysOfRow(dimensions: readonly Dimension[], row: CountRow): Generator<undefined, readonly Key[] | null> {
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
    keys.push(text === null ? null : yield* keyOf(dimension, text));
  }
  return keys;
}

function* keyOf(dimension: Dimension, text: string): Generator<undefined, string | null> {
  switch (dimension.kind) {
    case 'event':
    case 'resource':
      return firstSegments(text, dimension.segments);
    case 'payload':
      return yield* payloadKeyInSteps(yield* parseStoredJsonInSteps(text));
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
      return sql`${valueAt(dimension.path)}`; // equal values are one key, with the text of one of them
    default:
      return dimension satisfies never;
  }
}

function segmentsSql(column: SQL, segments: number | null): SQL {
  return segments === null ? column : sql`array_to_string((string_to_array(${column}, '.'))[1:${segments}::int], '.')`;
}

/** A midnight in UTC, so that bins start at whole minutes and quarters of an hour. */
const binOrigin = '2001-01-01T00:00:00Z';
