import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { parseCursor } from '../../src/event/cursor.ts';
import { startTidings } from '../../src/main.ts';
import { readSettings } from '../../src/settings.ts';
import { startPostgres } from '../support/database/postgres-server.ts';
import { post } from '../support/test-server.ts';

test('a server that starts right after the promotion of a standby begins a new epoch', async () => {
  await using server = await startPostgres();
  const url = server.url('postgres');
  const epoch = async (): Promise<string> => {
    await using tidings = await startTidings(readSettings({ DATABASE_URL: url, PORT: '0' }));
    const { data } = await post(tidings.url, '{ head }');
    return parseCursor(data?.head, 'LOG', []).epoch;
  };
  const before = await epoch();
  expect(await epoch()).toBe(before);

  const signal = join((await query(url, 'show data_directory'))['data_directory'], 'standby.signal');
  await server.stop('fast');
  writeFileSync(signal, '');
  if (server.owner.uid !== undefined) chownSync(signal, server.owner.uid, server.owner.gid ?? server.owner.uid);
  await server.restart();
  await query(url, 'select pg_promote()');
  const promoted = await epoch();
  expect(promoted).not.toBe(before);
  expect(await epoch()).toBe(promoted);
});

async function query(url: string, statement: string): Promise<any> {
  const client = postgres(url, { max: 1 });
  try {
    return (await client.unsafe(statement))[0];
  } finally {
    await client.end();
  }
}
