import type { Database } from '../database/database.ts';

/**
 * Which index conditions were common when they were searched for, so that the next page of the same
 * filter begins with blocks instead of a search that finds too much. A wrong entry costs a statement.
 */
export class CommonConditions {
  /** The oldest first. */
  private readonly keys = new Set<string>();

  has(key: string): boolean {
    return this.keys.has(key);
  }

  note(key: string, isCommon: boolean): void {
    this.keys.delete(key);
    if (!isCommon || key.length > maxKeyLength) return;
    this.keys.add(key);
    for (const oldest of this.keys) if (this.keys.size > maxKeys) this.keys.delete(oldest);
  }
}

/** Those of a database. */
export function commonConditionsOf({ identity }: Database): CommonConditions {
  let conditions = perDatabase.get(identity);
  if (conditions === undefined) perDatabase.set(identity, (conditions = new CommonConditions()));
  return conditions;
}

const perDatabase = new WeakMap<object, CommonConditions>();
const maxKeys = 1000;
const maxKeyLength = 1000;
