import { createServer, type AddressInfo } from 'node:net';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd, type Ended } from '../../support/process.ts';
import { newDatabase, onPostgres } from '../../support/test-server.ts';

/** One sentence or two on standard error that say what to do, exit code 1, and no stack. */
function expectRefusal({ code, stdout, stderr }: Ended, ...saying: string[]): void {
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+|node:internal|Error:/);
  for (const word of saying) expect(stderr).toContain(word);
}

test('a port that is in use', async () => {
  await using home = await newDatabase();
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  expectRefusal(await runToEnd({ ...home.environment, PORT: String(port) }), `PORT: ${port}`, 'in use', 'Stop the program');
  server.close();
});

test('an address that the machine does not have', async () => {
  await using home = await newDatabase();
  expectRefusal(await runToEnd({ ...home.environment, HOST: '192.0.2.1' }), 'HOST', '192.0.2.1');
});

test('a setting with a wrong value', async () => {
  expectRefusal(await runToEnd({ PORT: 'http' }), 'PORT', 'a whole number from 0 to 65535', '"http"');
  expectRefusal(await runToEnd({ DATABASE_URL: 'mysql://user:secret@host/db' }), 'DATABASE_URL', 'postgres://');
});

test.runIf(!onPostgres)('several processes on the embedded database', async () => {
  expectRefusal(await runToEnd({ TIDINGS_WORKERS: '2' }), 'TIDINGS_WORKERS', 'DATABASE_URL');
});

test.runIf(onPostgres)('a database that cannot be reached, does not exist, or is in another encoding', async () => {
  await using home = await newDatabase();
  const url = new URL(home.environment['DATABASE_URL']!);
  const missing = new URL(url);
  missing.pathname = '/missing';
  expectRefusal(await runToEnd({ DATABASE_URL: missing.href }), 'DATABASE_URL', 'no database missing');
  const away = new URL(url);
  away.port = '9';
  expectRefusal(await runToEnd({ DATABASE_URL: away.href }), 'DATABASE_URL', 'cannot be reached', 'ECONNREFUSED');
  const stranger = new URL(url);
  stranger.username = 'stranger';
  expectRefusal(await runToEnd({ DATABASE_URL: stranger.href }), 'DATABASE_URL', 'stranger');
});

test.runIf(!onPostgres)('a data folder that cannot be written in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-test-'));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expectRefusal(await runToEnd({ DATA_DIR: join(file, 'below') }), 'DATA_DIR', 'ENOTDIR', 'Make it writable');
  chmodSync(folder, 0o555);
  // Root may write everywhere, so ask as another user.
  const uid = process.getuid?.() === 0 ? 65_534 : undefined;
  expectRefusal(await runToEnd({ DATA_DIR: join(folder, 'data') }, uid), 'DATA_DIR', 'EACCES');
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

test.runIf(!onPostgres)('a data folder whose content is damaged', async () => {
  await using home = await newDatabase();
  rmSync(join(home.environment['DATA_DIR']!, 'pglite', 'global'), { recursive: true });
  expectRefusal(await runToEnd(home.environment), 'DATA_DIR', 'does not open', 'restore it');
});
