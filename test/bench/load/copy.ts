import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { readSettings } from '../../../src/settings.ts';
import type { EventCandidate } from '../../../src/event/event.ts';
import { openStore } from '../../../src/store/open-store.ts';
import type { PostgresServer } from '../../support/database/postgres-server.ts';
import { append } from './filling.ts';

/**
 * Events per second that COPY stores in the tables of Tidings with all indexes: an upper limit for
 * single inserts.
 */
export async function copied(server: PostgresServer, events: readonly EventCandidate[]): Promise<number> {
  // Postgres reads and writes the files itself, as another user.
  const folder = mkdtempSync(join(tmpdir(), 'tidings-copy-'));
  chmodSync(folder, 0o777);
  const admin = postgres(server.url('postgres'), { max: 1, onnotice: () => undefined });
  try {
    for (const name of ['copied_from', 'copied_to']) await admin.unsafe(`create database ${name}`);
    await filled(server.url('copied_from'), events);
    await filled(server.url('copied_to'), []);
    const source = postgres(server.url('copied_from'), { max: 1 });
    for (const table of tables) await source.unsafe(`copy tidings.${table} to '${join(folder, table)}'`);
    await source.end();
    const target = postgres(server.url('copied_to'), { max: 1 });
    const began = performance.now();
    await target.begin(async (transaction) => {
      for (const table of tables) await transaction.unsafe(`copy tidings.${table} from '${join(folder, table)}'`);
    });
    const took = performance.now() - began;
    await target.end();
    return (events.length * 1000) / took;
  } finally {
    for (const name of ['copied_from', 'copied_to']) await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** COPY needs the first partition's table, since a partitioned table cannot be copied out. */
const tables = ['events_0', 'event_ids'] as const;

async function filled(url: string, events: readonly EventCandidate[]): Promise<void> {
  const settings = readSettings({ DATABASE_URL: url });
  await using store = await openStore(settings);
  await append(store.database, events, settings);
}
