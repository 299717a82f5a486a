import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Database } from './database/database.ts';

/**
 * A secret that all servers of a database share, 256 random bits, made by whoever asks first. What was signed with it stays
 * good when servers start anew, and in a copy of the database.
 */
export async function serverSecret(database: Database, purpose: string): Promise<Buffer> {
  await database.rows(sql`
    insert into tidings.server_secrets (purpose, secret) values (${purpose}, decode(${randomBytes(32).toString('hex')}, 'hex'))
    on conflict do nothing`);
  const [row] = await database.rows<{ secret: Buffer }>(sql`select secret from tidings.server_secrets where purpose = ${purpose}`);
  if (row === undefined) throw new Error(`there is no secret for ${purpose}`);
  return row.secret;
}
