import { sql, type SQL } from 'drizzle-orm';
import { anyTerm, termOf } from '../../skip-index/terms.ts';
import { labelKeys } from '../../event/event.ts';
import { hasTerm } from '../skip-index/pruning-sql.ts';
import type { Tie } from './page-request.ts';

/** The terms of which an event has one if it is tied to a key. */
function tieTerms(tie: Tie, key: string): readonly number[] {
  const related = termOf.label('related', labelKeys.id, key);
  return tie === 'ANY' ? [related, termOf.label('primary', labelKeys.id, key)] : tie === 'RELATED' ? [related] : [];
}

/** Keys as rows of `n`, from 0, `value`, and `terms` as an int[] in text. */
export function tieTermRows(tie: Tie, keys: readonly string[]): readonly Readonly<{ n: number; value: string; terms: string }>[] {
  return keys.map((value, n) => ({ n, value, terms: `{${[anyTerm, ...tieTerms(tie, value)].join(',')}}` }));
}

/** That a digest `d` has one of the terms `k.terms`; null where the tie has none. */
export function tieTest(tie: Tie): SQL | null {
  return tie === 'ANY' || tie === 'RELATED' ? hasTerm(sql`k.terms::int[]`) : null;
}
