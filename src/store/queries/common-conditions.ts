import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.ts';

/**
 * Which index conditions of a database were common when they were searched for, so that the next page of the
 * same filter begins with blocks instead of a search that finds too much. A wrong entry costs some statements.
 */
export class CommonConditions extends LRUCache<string, true> {
  constructor() {
    super({ max: 1000, maxEntrySize: 1000, sizeCalculation: (_, key) => Math.max(1, key.length) });
  }

  note(key: string, isCommon: boolean): void {
    if (isCommon) this.set(key, true);
    else this.delete(key);
  }
}

export function commonConditionsOf({ identity }: Database): CommonConditions {
  let conditions = perDatabase.get(identity);
  if (conditions === undefined) perDatabase.set(identity, (conditions = new CommonConditions()));
  return conditions;
}

const perDatabase = new WeakMap<object, CommonConditions>();
