import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Database } from './database/database.ts';

/**
 * Returns the secret of all servers of a database for one purpose: 256 random bits, created by the
 * first call. Values signed with it stay valid after a restart, and in a copy of the database.
 */
export async function serverSecret(database: Database, purpose: string): Promise<Buffer> {
  await database.rows(sql`
    insert into tidings.server_secrets (purpose, secret) values (${purpose}, decode(${randomBytes(32).toString('hex')}, 'hex'))
    on conflict do nothing`);
  const [row] = await database.rows<{ secret: Buffer }>(sql`select secret from tidings.server_secrets where purpose = ${purpose}`);
  if (row === undefined) throw new Error(`no secret is stored for ${purpose}`);
  return row.secret;
}
