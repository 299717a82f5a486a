import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.ts';

/**
 * What is known of index conditions that were too common to search for in the whole log, in each direction of a
 * page, and of pruning predicates that too many blocks pass. FREQUENT: the first events may fill a page. COMMON:
 * they did not. A wrong entry costs some statements.
 */
export type Commonness = 'FREQUENT' | 'COMMON';

export type CommonConditions = LRUCache<string, Commonness>;

export function commonConditionsOf({ identity }: Database): CommonConditions {
  let conditions = perDatabase.get(identity);
  if (conditions === undefined) {
    conditions = new LRUCache({ max: 1000, maxEntrySize: maxKeyLength, sizeCalculation: (_, key) => Math.max(1, key.length), ttl: ttlMs });
    perDatabase.set(identity, conditions);
  }
  return conditions;
}

const perDatabase = new WeakMap<object, CommonConditions>();
/** Longer keys are not kept. */
export const maxKeyLength = 1000;
/** Events that are common now may be rare later. */
const ttlMs = 600_000;
