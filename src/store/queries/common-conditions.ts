import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.ts';

/**
 * How the first events of a page are found for the index conditions of a database that were too common to
 * search for in the whole log. FREQUENT: also among the newest events, so that a scan in order may fill the
 * page soon. COMMON: that did not. A wrong entry costs some statements.
 */
export type Commonness = 'FREQUENT' | 'COMMON';

export type CommonConditions = LRUCache<string, Commonness>;

export function commonConditionsOf({ identity }: Database): CommonConditions {
  let conditions = perDatabase.get(identity);
  if (conditions === undefined) {
    conditions = new LRUCache({ max: 1000, maxEntrySize: 1000, sizeCalculation: (_, key) => Math.max(1, key.length), ttl: ttlMs });
    perDatabase.set(identity, conditions);
  }
  return conditions;
}

const perDatabase = new WeakMap<object, CommonConditions>();
/** Events that are common now may be rare later. */
const ttlMs = 600_000;
