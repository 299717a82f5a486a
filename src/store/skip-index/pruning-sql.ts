import { sql, type SQL } from 'drizzle-orm';
import { chapterTestOf, isIdle, type DigestTest } from '../../skip-index/pruning-predicate.ts';
import { anyTerm } from '../../skip-index/terms.ts';
import { placeOf } from '../../skip-index/bloom-filter.ts';
import { bothOf, eitherOf } from '../filter-sql/sql-fragments.ts';
import { toTimestamp } from '../database/timestamps.ts';

/** The SQL reading of a digest test, over tidings.digests aliased `d`. Its twin in memory is event/digest-test. */
export function passesSql(test: DigestTest): SQL {
  return testSql(test, 'd');
}

/** The same for a search through many digests: where bits are asked for, chapters are asked first, once a statement, since they are few. */
export function searchSql(test: DigestTest): SQL {
  const chapters = chapterTestOf(test);
  if (isIdle(chapters)) return testSql(test, 'd');
  const passing = sql`array(select c.last from tidings.digest_chapters c where ${testSql(chapters, 'c')})`;
  return sql`(d.chapter = any(${passing}) and ${testSql(test, 'd')})`;
}

function testSql(test: DigestTest, table: 'c' | 'd'): SQL {
  switch (test.kind) {
    case 'all':
      return bothOf(test.of.map((each) => testSql(each, table)));
    case 'any':
      return eitherOf(test.of.map((each) => testSql(each, table)));
    case 'terms':
      return hasTerm(sql`${`{${[anyTerm, ...test.some].join(',')}}`}::text::int[]`);
    case 'bits':
      return bothOf(test.hashes.map((hash) => hasBit(hash, table)));
    case 'during':
      return duringSql(test);
    default:
      return test satisfies never;
  }
}

/** Has one of the terms of an int[], through digests_by_terms. */
export function hasTerm(terms: SQL): SQL {
  return sql`d.terms && ${terms}`;
}

/** Whether digests_by_terms leads to the digests that pass; if not, each must be looked at. */
export function isFiled(test: DigestTest): boolean {
  switch (test.kind) {
    case 'terms':
      return true;
    case 'all':
      return test.of.some(isFiled);
    case 'any':
      return test.of.every(isFiled);
    case 'bits':
    case 'during':
      return false;
    default:
      return test satisfies never;
  }
}

/** Reads one piece of the signature, which is kept out of line, not all of it. */
function hasBit(hash: number, table: 'c' | 'd'): SQL {
  const signature = sql.raw(`${table}.signature`);
  const bit = sql`(${placeOf(hash)}::int % (octet_length(${signature}) * 8))`;
  return sql`get_bit(substring(${signature} from ${bit} / 8 + 1 for 1), ${bit} % 8) = 1`;
}

function duringSql({ field, since, until }: Extract<DigestTest, { kind: 'during' }>): SQL {
  const [first, last] =
    field === 'occurred' ? [sql`d.first_occurred`, sql`d.last_occurred`] : [sql`d.first_received`, sql`d.last_received`];
  return bothOf([
    ...(since === undefined ? [] : [sql`${last} >= ${toTimestamp(since)}::timestamptz`]),
    ...(until === undefined ? [] : [sql`${first} < ${toTimestamp(until)}::timestamptz`]),
  ]);
}
