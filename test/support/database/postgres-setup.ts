import type { TestProject } from 'vitest/node';
import { databaseFolder } from './database-folder.ts';
import { startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresPort: number;
  }
}

/** Starts one Postgres server for all tests; each test creates its own database. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({ parent: databaseFolder() });
  console.log(`tests on ${server.version}`);
  project.provide('postgresPort', server.port);
  return async () => server[Symbol.asyncDispose]();
}
