import { sql, type SQL } from 'drizzle-orm';
import { origin } from '../../event/cursor.ts';
import {
  rowGroupPredicateOf,
  prunesNothing,
  timesOf,
  type LaterContent,
  type PruningPredicate,
} from '../../skip-index/pruning-predicate.ts';
import { bitPositionOf } from '../../skip-index/bloom-filter.ts';
import { conjunctionSql, disjunctionSql } from '../filter-sql/sql-fragments.ts';
import type { PositionRange } from '../log/event-ranges.ts';
import { toTimestamp } from '../database/timestamps.ts';

/**
 * A pruning predicate as SQL over block summaries `d`. The equivalent in memory is `mayMatch` in
 * src/skip-index.
 */
export function mayMatchSql(predicate: PruningPredicate): SQL {
  return predicateSql(predicate, 'd');
}

/** Whether row groups are tested for a predicate; else all of them pass. */
export function prunesRowGroups(predicate: PruningPredicate): boolean {
  return !prunesNothing(rowGroupPredicateOf(predicate));
}

/**
 * Whether a row group `c` can have matches: by its Bloom filter, and by the times of its summaries, of which it has none.
 * Null: all of them pass.
 */
export function rowGroupPasses(predicate: PruningPredicate): SQL | null {
  const times = timesOf(predicate);
  const tests = [
    ...(prunesRowGroups(predicate) ? [rowGroupMayMatchSql(predicate)] : []),
    ...(prunesNothing(times) ? [] : [sql`exists (select from (${summariesOfRowGroup}) d where ${mayMatchSql(times)})`]),
  ];
  return tests.length === 0 ? null : conjunctionSql(tests);
}

/** `mayMatchSql` over row groups `c`. */
function rowGroupMayMatchSql(predicate: PruningPredicate): SQL {
  return predicateSql(rowGroupPredicateOf(predicate), 'c');
}

/**
 * `mayMatchSql` for a search through many summaries: tests the Bloom filters of the few row groups
 * first, once a statement.
 */
export function prunedSearchSql(predicate: PruningPredicate): SQL {
  if (!prunesRowGroups(predicate)) return mayMatchSql(predicate);
  const passing = sql`select c.last from tidings.digest_chapters c where ${rowGroupMayMatchSql(predicate)}`;
  // `is true` makes this a hash table instead of a join; an array would be searched from its beginning.
  return sql`((d.chapter in (${passing})) is true and ${mayMatchSql(predicate)})`;
}

/**
 * A query of the block summaries that pass, row group by row group, from one end of the log or of a range. For a limit: no
 * row group is tested before the summaries of the ones before it are found. The caller tests the range of the summaries.
 */
export function passingBlocks(predicate: PruningPredicate, { up, range }: { readonly up: boolean; readonly range?: PositionRange }): SQL {
  if (!prunesRowGroups(predicate)) return sql`select * from tidings.digests d where ${mayMatchSql(predicate)}`;
  const within =
    range === undefined
      ? sql`true`
      : sql`c.last >= ${range.first} and c.last <= coalesce(${rowGroupEnd(sql`${range.last}`)}, ${range.last})`;
  return sql`
    select d.*
    from (
      select c.first, c.last, c.signature, c.text_normalized, c.label_keys from tidings.digest_chapters c
      where ${within}
      order by c.last ${sql.raw(up ? '' : 'desc')} offset 0
    ) c
    cross join lateral (${summariesOfRowGroup}) d
    where ${rowGroupMayMatchSql(predicate)} and ${mayMatchSql(predicate)}`;
}

/** A query of the block summaries of a row group `c`, by the primary key. Row groups of an early version do not tell where they begin. */
const summariesOfRowGroup = sql`
  select * from tidings.digests d
  where d.chapter = c.last and d.last between coalesce(
    c.first,
    (select p.last from tidings.digest_chapters p where p.last < c.last order by p.last desc limit 1),
    ${origin}
  ) and c.last
  offset 0`;

/** The end of the row group that holds a position, or of the next one; null: there is none. */
export function rowGroupEnd(position: SQL): SQL {
  return sql`(select c.last from tidings.digest_chapters c where c.last >= ${position} order by c.last limit 1)`;
}

function predicateSql(predicate: PruningPredicate, table: 'c' | 'd'): SQL {
  switch (predicate.kind) {
    case 'all':
      return conjunctionSql(predicate.of.map((each) => predicateSql(each, table)));
    case 'any':
      return disjunctionSql(predicate.of.map((each) => predicateSql(each, table)));
    case 'bloom':
      return conjunctionSql(predicate.hashes.map((hash) => hasBit(hash, table)));
    case 'lacks':
      return sql.raw(`not ${table}.${laterColumns[predicate.content]}`);
    case 'during':
      return duringSql(predicate);
    default:
      return predicate satisfies never;
  }
}

const laterColumns: Readonly<Record<LaterContent, string>> = { normalizedTexts: 'text_normalized', labelKeys: 'label_keys' };

/** Reads one chunk of a Bloom filter that Postgres stores out of line, instead of all of it. */
function hasBit(hash: number, table: 'c' | 'd'): SQL {
  const bloomFilter = sql.raw(table === 'c' ? 'c.signature' : 'd.signature');
  const bit = sql`(${bitPositionOf(hash)}::int % (octet_length(${bloomFilter}) * 8))`;
  return sql`get_bit(substring(${bloomFilter} from ${bit} / 8 + 1 for 1), ${bit} % 8) = 1`;
}

function duringSql({ field, since, until }: Extract<PruningPredicate, { kind: 'during' }>): SQL {
  const [first, last] =
    field === 'occurred' ? [sql`d.first_occurred`, sql`d.last_occurred`] : [sql`d.first_received`, sql`d.last_received`];
  return conjunctionSql([
    ...(since === undefined ? [] : [sql`${last} >= ${toTimestamp(since)}::timestamptz`]),
    ...(until === undefined ? [] : [sql`${first} < ${toTimestamp(until)}::timestamptz`]),
  ]);
}
