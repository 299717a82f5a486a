import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/package-info.ts';
import { lockDataDir } from '../../src/store/database/data-dir-lock.ts';

const lockError = (folder: string): unknown => ({
  code: 'CANNOT_START',
  message: `DATA_DIR: another Tidings is using ${folder}. Stop it, set DATA_DIR to another folder, or set DATABASE_URL to share a Postgres.`,
});

test('of two processes one gets the folder, and the other one after the first releases it', async () => {
  await using server = newWorld(2);
  const [first, second] = server.processes as [Locker, Locker];
  expect(await first.lock(server.folder)).toBe('held');
  expect(await second.lock(server.folder)).toEqual(lockError(server.folder));
  await first.release();
  expect(readdirSync(server.folder)).toEqual([]);
  expect(await second.lock(server.folder)).toBe('held');
  expect(await first.lock(server.folder)).toEqual(lockError(server.folder));
});

test('of ten racing processes one gets the folder, also if a killed one has left its lock', async () => {
  await using server = newWorld(11);
  const [killed, ...racers] = server.processes as [Locker, ...Locker[]];
  expect(await killed.lock(server.folder)).toBe('held');
  await killed.kill();
  for (let round = 0; round < 100; round += 1) {
    const folder = join(server.folder, String(round));
    mkdirSync(folder);
    if (round % 4 !== 0) linkSync(join(server.folder, 'tidings.lock'), join(folder, 'tidings.lock')); // a dead lock for all racers
    const results = await Promise.all(racers.map((each) => each.lock(folder)));
    expect(results.filter((each) => each === 'held')).toEqual(['held']);
    expect(results.filter((each) => each !== 'held')).toEqual(Array.from({ length: 9 }, () => lockError(folder)));
    await Promise.all(racers.map((each) => each.release()));
  }
});

test('the lock of a killed process is free at once', async () => {
  await using server = newWorld(4);
  for (const each of server.processes) {
    expect(await each.lock(server.folder)).toBe('held');
    await each.kill();
  }
});

test('a folder has one lock under all of its names', async () => {
  await using server = newWorld(1);
  const alias = `${server.folder}-alias`;
  symlinkSync(server.folder, alias);
  try {
    await using _lock = await lockDataDir(server.folder);
    expect(await server.processes[0]!.lock(alias)).toEqual(lockError(alias));
  } finally {
    rmSync(alias);
  }
});

test('other folders are not locked', async () => {
  await using server = newWorld(2);
  const folders = ['a', 'b'].map((name) => join(server.folder, name));
  for (const folder of folders) mkdirSync(folder);
  expect(await Promise.all(server.processes.map((each, index) => each.lock(folders[index]!)))).toEqual(['held', 'held']);
});

test('a path that is too long for a socket is rejected with advice', async () => {
  await using server = newWorld(0);
  const folder = join(server.folder, 'x'.repeat(100));
  mkdirSync(folder);
  await expect(lockDataDir(folder)).rejects.toThrow(/^DATA_DIR: expected a path of at most 77 bytes, got .*x{100}\. Choose a shorter one/);
  expect(readdirSync(folder)).toEqual([]);
  const other = join(server.folder, 'y');
  mkdirSync(other);
  await using _lock = await lockDataDir(other); // the rejection left nothing behind
});

// Only root can start a process of another user.
test.runIf(process.getuid?.() === 0)('a process of another user does not get the lock either, and does not remove it', async () => {
  await using server = newWorld(1, 65_534);
  chmodSync(server.folder, 0o777);
  await using _lock = await lockDataDir(server.folder);
  expect(await server.processes[0]!.lock(server.folder)).toEqual(lockError(server.folder));
  await expect(lockDataDir(server.folder)).rejects.toMatchObject(lockError(server.folder) as object);
});

/** A process that locks and releases on request. */
interface Locker {
  lock(folder: string): Promise<unknown>;
  release(): Promise<unknown>;
  kill(): Promise<unknown>;
}

function newWorld(count: number, uid?: number): { readonly folder: string; readonly processes: readonly Locker[] } & AsyncDisposable {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-lock-'));
  const children = Array.from({ length: count }, () => spawnLocker(uid));
  return {
    folder,
    processes: children.map(locker),
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map(end));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function spawnLocker(uid: number | undefined): ChildProcess {
  const file = pathToFileURL(join(packageRoot, 'dist', 'src', 'store', 'database', 'data-dir-lock.js')).href;
  const program = `
    import { lockDataDir } from ${JSON.stringify(file)};
    let held = null;
    process.on('message', async ({ folder }) => {
      if (folder === undefined) return process.send(await held?.[Symbol.asyncDispose]() ?? null);
      held = null;
      try { held = await lockDataDir(folder); process.send('held'); }
      catch ({ code, message }) { process.send({ code, message }); }
    });`;
  const owner = uid === undefined ? {} : { uid, gid: uid };
  return spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], ...owner });
}

function locker(child: ChildProcess): Locker {
  const request = async (message: object): Promise<unknown> => {
    child.send(message);
    return (await once(child, 'message'))[0];
  };
  return { lock: (folder) => request({ folder }), release: () => request({}), kill: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
