import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockDataDir } from '../../src/store/database/data-dir-lock.ts';
import { runToEnd, startProcess } from '../support/process.ts';
import { newDatabase, post } from '../support/test-server.ts';

const emit = 'mutation ($id: ID) { emitEvent(input: {id: $id, event: "a", resource: {id: "r"}}) { status } }';

test('a second process on a data folder is rejected with one sentence, and the first keeps working', async () => {
  await using testDatabase = await newDatabase();
  const { url, child } = await startProcess(testDatabase.environment);
  const second = await runToEnd(testDatabase.environment);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain('another Tidings is using');
  expect(second.stderr.trim().split('\n')).toHaveLength(1);
  expect((await post(url, emit, { id: 'x' })).data.emitEvent.status).toBe('CREATED');
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('acknowledged events survive repeated kill -9 during writes', async () => {
  await using testDatabase = await newDatabase();
  const acknowledged: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const { url, child } = await startProcess(testDatabase.environment);
    const writing = Array.from({ length: 4 }, async (_, writer) => {
      for (let count = 0; ; count += 1) {
        const id = `${round}-${writer}-${count}`;
        const answer = await post(url, emit, { id }).catch(() => null);
        if (answer?.data?.emitEvent === undefined) return;
        acknowledged.push(id);
      }
    });
    const enough = acknowledged.length + 100;
    await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(enough);
    child.kill('SIGKILL');
    await Promise.all(writing);
  }
  const { url, child } = await startProcess(testDatabase.environment);
  const { data } = await post(url, 'query ($id: [ID!]) { events(filter: {id: $id}, first: 1) { totalCount { count } } }', {
    id: acknowledged,
  });
  expect(data.events.totalCount.count).toBe(acknowledged.length);
  child.kill('SIGKILL');
});

test.runIf(process.platform !== 'win32')('no other user can read any file of a folder that was open before', async () => {
  await using testDatabase = await newDatabase();
  const folder = testDatabase.environment['DATA_DIR']!;
  execFileSync('chmod', ['-R', 'a+rwX', folder]);
  const umask = process.umask(0);
  const starting = startProcess({ ...testDatabase.environment, TIDINGS_LOG_LEVEL: 'error' });
  process.umask(umask);
  const { url, child } = await starting;
  expect((await post(url, emit, { id: 'x' })).data.emitEvent.status).toBe('CREATED');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  expect(files.length).toBeGreaterThan(500);
  expect(['', ...files].filter((name) => (statSync(join(folder, name)).mode & 0o077) !== 0)).toEqual([]);
  child.kill('SIGKILL');
});

test('of many that race for a folder one gets it, also if a killed process has left its lock', async () => {
  await using testDatabase = await newDatabase();
  const folder = testDatabase.environment['DATA_DIR']!;
  const killed = await startProcess(testDatabase.environment);
  killed.child.kill('SIGKILL');
  await once(killed.child, 'exit');
  expect(readdirSync(folder)).toContain('tidings.lock');
  for (let round = 0; round < 20; round += 1) {
    const locks = await Promise.allSettled(Array.from({ length: 10 }, () => lockDataDir(folder)));
    const won = locks.filter((lock) => lock.status === 'fulfilled');
    expect(won).toHaveLength(1);
    await won[0]!.value[Symbol.asyncDispose]();
  }
});
