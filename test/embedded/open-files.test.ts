import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { packageRoot } from '../../src/package-info.ts';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { newDatabase } from '../support/test-server.ts';

test('a server that may open no more files says so, serves those that are connected, and recovers', async () => {
  const database = await newDatabase();
  const command = [process.execPath, join(packageRoot, 'dist', 'src', 'cli.js'), 'serve'];
  const child = spawn('sh', ['-c', 'ulimit -n 200; exec "$@"', 'sh', ...command], {
    env: { PATH: process.env['PATH'], PORT: '0', ...database.environment },
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    await database[Symbol.asyncDispose]();
  });
  let log = '';
  child.stdout.on('data', (data: Buffer) => (log += data.toString()));
  child.stderr.on('data', (data: Buffer) => (log += data.toString()));
  const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 50 });
  await eventually(() => expect(log).toContain('http://'));
  const url = /http:\/\/[^/\s]+/.exec(log)![0];
  using follower = await openRaw(url);

  let closed = 0;
  const herd = Array.from({ length: 400 }, (): Socket => connect(Number(new URL(url).port), '127.0.0.1'));
  for (const each of herd) each.on('error', () => undefined).on('close', () => (closed += 1));
  await eventually(() => expect(closed).toBeGreaterThan(200));
  await eventually(() => expect(log).toContain('files that this process may open are in use: further connections are closed.'));
  expect(log.split('files that this process may open').length).toBe(2);
  await follower.settled();

  for (const each of herd) each.destroy();
  await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200));
  await follower.settled();
});
