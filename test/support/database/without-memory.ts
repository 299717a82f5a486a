import type { Database } from '../../../src/store/database/database.ts';

/** The same database for a program that has read nothing of it. */
export function withoutMemory(database: Database): Database {
  return { ...database, identity: {} };
}
