import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import type { Database } from '../database/database.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';

/** Whether a filter holds for the stored event at a place, as the database reads it; by the primary key. */
export async function holdsInDatabase(database: Database, filter: Condition, position: Position): Promise<boolean> {
  const rows = await database.rows(sql`select from tidings.events e where e.position = ${position} and ${sqlOf(filter)}`);
  return rows.length > 0;
}
