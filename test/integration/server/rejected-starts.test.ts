import { createServer, type AddressInfo } from 'node:net';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd, type ExitResult } from '../../support/process.ts';
import { newDatabase, onPostgres } from '../../support/test-server.ts';

/** Exit code 1, and one line on standard error that states what to do, without a stack. */
function expectRejectedStart({ code, stdout, stderr }: ExitResult, ...words: string[]): void {
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+|node:internal|Error:/);
  for (const word of words) expect(stderr).toContain(word);
}

test('a start is rejected with a port that is in use', async () => {
  await using testDatabase = await newDatabase();
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  expectRejectedStart(await runToEnd({ ...testDatabase.environment, PORT: String(port) }), `PORT: ${port}`, 'in use', 'Stop the program');
  server.close();
});

test('a start is rejected with an address that the machine does not have', async () => {
  await using testDatabase = await newDatabase();
  expectRejectedStart(await runToEnd({ ...testDatabase.environment, HOST: '192.0.2.1' }), 'HOST', '192.0.2.1');
});

test('a start is rejected with an invalid setting', async () => {
  expectRejectedStart(await runToEnd({ PORT: 'http' }), 'PORT', 'a whole number from 0 to 65535', '"http"');
  expectRejectedStart(await runToEnd({ DATABASE_URL: 'mysql://user:secret@host/db' }), 'DATABASE_URL', 'postgres://');
});

test.runIf(!onPostgres)('a start is rejected with several processes on the embedded database', async () => {
  expectRejectedStart(await runToEnd({ TIDINGS_WORKERS: '2' }), 'TIDINGS_WORKERS', 'DATABASE_URL');
});

test.runIf(onPostgres)('a start is rejected with a database that cannot be reached or does not exist, or an unknown user', async () => {
  await using testDatabase = await newDatabase();
  const url = new URL(testDatabase.environment['DATABASE_URL']!);
  const missing = new URL(url);
  missing.pathname = '/missing';
  expectRejectedStart(await runToEnd({ DATABASE_URL: missing.href }), 'DATABASE_URL', 'no database "missing"');
  const unreachable = new URL(url);
  unreachable.port = '9';
  expectRejectedStart(await runToEnd({ DATABASE_URL: unreachable.href }), 'DATABASE_URL', 'cannot be reached', 'ECONNREFUSED');
  const unknownUser = new URL(url);
  unknownUser.username = 'stranger';
  expectRejectedStart(await runToEnd({ DATABASE_URL: unknownUser.href }), 'DATABASE_URL', 'stranger');
});

test.runIf(!onPostgres)('a start is rejected with a data folder that is not writable', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-test-'));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expectRejectedStart(await runToEnd({ DATA_DIR: join(file, 'below') }), 'DATA_DIR', 'ENOTDIR', 'Make it writable');
  chmodSync(folder, 0o555);
  // Root can write to every folder, so start as another user.
  const uid = process.getuid?.() === 0 ? 65_534 : undefined;
  expectRejectedStart(await runToEnd({ DATA_DIR: join(folder, 'data') }, uid), 'DATA_DIR', 'EACCES');
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

test.runIf(!onPostgres)('a start is rejected with a data folder whose content is damaged', async () => {
  await using testDatabase = await newDatabase();
  rmSync(join(testDatabase.environment['DATA_DIR']!, 'pglite', 'global'), { recursive: true });
  expectRejectedStart(await runToEnd(testDatabase.environment), 'DATA_DIR', 'cannot be opened', 'restore it');
});
