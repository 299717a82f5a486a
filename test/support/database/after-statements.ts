import type { SQL } from 'drizzle-orm';
import type { Database } from '../../../src/store/database/database.ts';

/** The same database, on which something happens after each statement of `rows`. */
export function afterStatements(database: Database, happen: (statement: SQL) => Promise<void>): Database {
  return {
    ...database,
    async rows<Row>(...[statement, ...planMode]: Parameters<Database['rows']>) {
      const rows = await database.rows<Row>(statement, ...planMode);
      await happen(statement);
      return rows;
    },
  };
}
