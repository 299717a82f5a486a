import type { SQL } from 'drizzle-orm';
import { execute, parse, type ExecutionResult } from 'graphql';
import { createContext, type Context } from '../../../schema/context.ts';
import { schema } from '../../../schema/index.ts';
import type { Services } from '../../../schema/services.ts';
import { readSettings } from '../../../src/settings.ts';
import { createReadBudgets } from '../../../src/store/database/read-budget.ts';
import { createHeadReader } from '../../../src/store/log/log-head.ts';
import type { Store } from '../../../src/store/open-store.ts';
import { testClient } from '../client.ts';

/** Executes a query on a store, without a server. Calls `before` with each of its statements, or pairs of them. */
export async function executeOnStore(
  store: Store,
  query: string,
  before: (statement: SQL) => void | Promise<void>,
  caller: typeof testClient.caller = testClient.caller,
): Promise<ExecutionResult<any>> {
  return execute({ schema, document: parse(query), contextValue: contextOnStore(store, before, caller) });
}

/** The context of one operation on a store, without a server. */
export function contextOnStore(
  store: Store,
  before: (statement: SQL) => void | Promise<void>,
  caller: typeof testClient.caller = testClient.caller,
): Context {
  const database: Store['database'] = {
    ...store.database,
    reads: () => database,
    async rows(statement, mode) {
      await before(statement);
      return store.database.rows(statement, mode);
    },
    async rowsAfter(first, statement, mode) {
      await before(statement);
      return store.database.rowsAfter(first, statement, mode);
    },
  };
  const services = {
    database,
    heads: createHeadReader(database),
    epochHistory: store.epochHistory,
    limits: readSettings({}),
    budgets: createReadBudgets(64_000_000, 2 ** 30),
  };
  return createContext(services as unknown as Services, { ...testClient, caller });
}
