import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import { labelKeys } from '../../event/event.ts';
import type { Condition, ResourceTest } from '../../filter/filter.ts';
import { globMatches, literalRuns, parseGlob } from '../../filter/glob.ts';
import type { Database } from '../database/database.ts';
import { unseen } from '../filter-sql/sql-fragments.ts';
import { indexPosition } from '../skip-index/row-groups.ts';
import { withinIds } from './resource-ids.ts';
import { searchMemoryOf, type KnownIds } from './search-memory.ts';

/**
 * The filter with the ids that a prefix or glob stands for, where these are few: the index of the
 * events has ids, and no prefixes of them. Ids are remembered while the log has grown little since.
 *
 * Assumes: tidings.resources has every id that an event up to the end of the last row group mentions; another log
 * has another database identity.
 * Guarantees: the same matches among the events up to `to`, also if ids were added or removed since they were read.
 */
export async function withKnownIds(database: Database, filter: Condition, knownHead: Position): Promise<KnownIdFilter> {
  const unchanged = { filter, to: maxPosition };
  const asked = new Set<string>();
  conditionWith(filter, (prefix) => {
    asked.add(prefix);
    return null;
  });
  const prefixes = Array.from(asked);
  if (prefixes.length === 0 || prefixes.length > maxPrefixes) return unchanged;
  const remembered = searchMemoryOf(database).ids;
  const key = JSON.stringify(prefixes);
  let ids = remembered.get(key);
  if (ids === undefined || knownHead - ids.head > maxLaterEvents) {
    ids = await readIds(database, prefixes, knownHead);
    remembered.set(key, ids);
  }
  const { to, few } = ids;
  return few.size === 0 ? unchanged : { filter: conditionWith(filter, (prefix) => few.get(prefix) ?? null), to };
}

async function readIds(database: Database, prefixes: readonly string[], head: Position): Promise<KnownIds> {
  const reads = prefixes.flatMap((prefix, n) => {
    const within = withinIds({ idPrefix: prefix, after: null });
    return within === null
      ? []
      : [sql`(select ${n}::int as n, r.id from tidings.resources r where ${within} limit ${unseen(sql`${maxIds + 1}::int`)})`];
  });
  const few = new Map<string, readonly string[]>();
  if (reads.length === 0) return { head, to: maxPosition, few };
  // One statement, so that every row group up to `to` has its ids.
  const rows = await database.rows<{ to: string; n: number | null; id: string }>(
    sql`select i.position as to, k.n, k.id from (${indexPosition}) i left join (${sql.join(reads, sql` union all `)}) k on true`,
    'repeated',
  );
  for (const [index, prefix] of prefixes.entries()) {
    const ids = rows.filter(({ n }) => n === index).map(({ id }) => id);
    if (ids.length <= maxIds) few.set(prefix, ids);
  }
  return { head, to: Number(rows[0]?.to) as Position, few };
}

export interface KnownIdFilter {
  readonly filter: Condition;
  readonly to: Position;
}

/** The known ids with a prefix; null: there are too many. */
type IdsOfPrefix = (prefix: string) => readonly string[] | null;

function conditionWith(condition: Condition, known: IdsOfPrefix): Condition {
  if (condition.kind === 'all' || condition.kind === 'any')
    return { ...condition, of: condition.of.map((each) => conditionWith(each, known)) };
  return condition.kind === 'resource' ? { ...condition, passes: testWith(condition.passes, known) } : condition;
}

function testWith(test: ResourceTest, known: IdsOfPrefix): ResourceTest {
  if (test.kind === 'all' || test.kind === 'any') return { ...test, of: test.of.map((each) => testWith(each, known)) };
  if (!('label' in test) || test.label !== labelKeys.id) return test;
  const ids =
    test.kind === 'startsWith' ? test.prefixes.map(known) : test.kind === 'like' ? test.globs.map((glob) => idsOfGlob(glob, known)) : [];
  return ids.length === 0 || ids.includes(null)
    ? test
    : { kind: 'oneOf', label: labelKeys.id, values: Array.from(new Set(ids.flatMap((each) => each ?? []))) };
}

function idsOfGlob(glob: string, known: IdsOfPrefix): readonly string[] | null {
  const { prefix } = literalRuns(glob);
  const parsed = parseGlob(glob);
  return prefix === '' ? null : (known(prefix)?.filter((id) => globMatches(parsed, id)) ?? null);
}

const maxPosition = Number.MAX_SAFE_INTEGER as Position;
/** Ids of one prefix: each is a key to look up. */
const maxIds = 500;
const maxPrefixes = 16;
/** Reading ids again takes as long as testing so many more events after `to`. */
const maxLaterEvents = 512;
