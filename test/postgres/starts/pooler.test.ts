import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'node:net';
import { expect, inject, test } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { runToEnd } from '../../support/process.ts';
import { newDatabase } from '../../support/test-server.ts';

const binary = '/usr/sbin/pgbouncer';

test.runIf(existsSync(binary)).each([
  [
    'rejects parameters of the connection',
    'extra_float_digits',
    /^DATABASE_URL: .* rejected a connection parameter .* a pooler cannot be used\.\n$/,
  ],
  [
    'ignores them',
    'statement_timeout,jit,enable_seqscan,bytea_output,default_transaction_isolation',
    /^DATABASE_URL: a pooler answers for the server, and ignores the settings of the connection\. Connect to Postgres directly\.\n$/,
  ],
])('behind PgBouncer in transaction mode, which %s, every start ends with one sentence', async (_, ignored, sentence) => {
  await using testDatabase = await newDatabase();
  await using pooler = await startPooler(ignored);
  const url = new URL(testDatabase.environment['DATABASE_URL']!);
  url.port = String(pooler.port);
  // Twice: a lock that the first start left in a pooled session would block the second one for ever.
  for (let start = 0; start < 2; start += 1) {
    expect(await runToEnd({ DATABASE_URL: url.href })).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(sentence) });
  }
});

test.runIf(!existsSync(binary))('without PgBouncer, starts behind it are not tested', ({ skip }) => skip(`${binary} is not installed`));

async function startPooler(ignored: string): Promise<{ readonly port: number } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-pooler-'));
  const owner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}; // it does not run as root
  const port = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  const settings = [
    '[databases]',
    `* = host=127.0.0.1 port=${inject('postgresPort')} user=tidings`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'auth_type = any',
    'pool_mode = transaction',
    'unix_socket_dir =',
    `ignore_startup_parameters = ${ignored}`,
  ];
  writeFileSync(file, settings.join('\n'));
  chmodSync(folder, 0o755);
  chmodSync(file, 0o644);
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const child = spawn(binary, [file], { ...owner, stdio: 'ignore' });
  const exit = once(child, 'exit');
  await expect.poll(() => accepts(port), { timeout: 10_000 }).toBe(true);
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}
