import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/package-info.ts';
import { lockDataDir } from '../../src/store/database/data-dir-lock.ts';

const refusal = (folder: string): unknown => ({
  code: 'CANNOT_START',
  message: `DATA_DIR: another Tidings is using ${folder}. Stop it, set DATA_DIR to another folder, or set DATABASE_URL to share a Postgres.`,
});

test('of two processes one gets the folder, and the other when the first lets go', async () => {
  await using world = newWorld(2);
  const [first, second] = world.processes as [Locker, Locker];
  expect(await first.lock(world.folder)).toBe('held');
  expect(await second.lock(world.folder)).toEqual(refusal(world.folder));
  await first.release();
  expect(readdirSync(world.folder)).toEqual([]);
  expect(await second.lock(world.folder)).toBe('held');
  expect(await first.lock(world.folder)).toEqual(refusal(world.folder));
});

test('of ten processes that race one gets the folder, also over what a killed one left', async () => {
  await using world = newWorld(11);
  const [killed, ...racers] = world.processes as [Locker, ...Locker[]];
  expect(await killed.lock(world.folder)).toBe('held');
  await killed.kill();
  for (let round = 0; round < 100; round += 1) {
    const folder = join(world.folder, String(round));
    mkdirSync(folder);
    if (round % 4 !== 0) linkSync(join(world.folder, 'tidings.lock'), join(folder, 'tidings.lock')); // dead, for all who ask
    const answers = await Promise.all(racers.map((each) => each.lock(folder)));
    expect(answers.filter((each) => each === 'held')).toEqual(['held']);
    expect(answers.filter((each) => each !== 'held')).toEqual(Array.from({ length: 9 }, () => refusal(folder)));
    await Promise.all(racers.map((each) => each.release()));
  }
});

test('a killed process lets go at once', async () => {
  await using world = newWorld(4);
  for (const each of world.processes) {
    expect(await each.lock(world.folder)).toBe('held');
    await each.kill();
  }
});

test('a folder is the same folder by another name', async () => {
  await using world = newWorld(1);
  const alias = `${world.folder}-alias`;
  symlinkSync(world.folder, alias);
  try {
    await using _held = await lockDataDir(world.folder);
    expect(await world.processes[0]!.lock(alias)).toEqual(refusal(alias));
  } finally {
    rmSync(alias);
  }
});

test('other folders are free', async () => {
  await using world = newWorld(2);
  const folders = ['a', 'b'].map((name) => join(world.folder, name));
  for (const folder of folders) mkdirSync(folder);
  expect(await Promise.all(world.processes.map((each, index) => each.lock(folders[index]!)))).toEqual(['held', 'held']);
});

test('a path too long for a socket is refused with what to do', async () => {
  await using world = newWorld(0);
  const folder = join(world.folder, 'x'.repeat(100));
  mkdirSync(folder);
  await expect(lockDataDir(folder)).rejects.toThrow(/^DATA_DIR: expected a path of at most 77 bytes, got .*x{100}\. Choose a shorter one/);
  expect(readdirSync(folder)).toEqual([]);
  const other = join(world.folder, 'y');
  mkdirSync(other);
  await using _held = await lockDataDir(other); // nothing of the refusal is left
});

// Only root may start a process of another user.
test.runIf(process.getuid?.() === 0)('a process of another user does not get it either, nor takes the lock away', async () => {
  await using world = newWorld(1, 65_534);
  chmodSync(world.folder, 0o777);
  await using _held = await lockDataDir(world.folder);
  expect(await world.processes[0]!.lock(world.folder)).toEqual(refusal(world.folder));
  await expect(lockDataDir(world.folder)).rejects.toMatchObject(refusal(world.folder) as object);
});

/** A process that locks when told to. */
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
  const file = pathToFileURL(join(packageRoot, 'dist', 'src', 'store', 'data-lock.js')).href;
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
  const ask = async (message: object): Promise<unknown> => {
    child.send(message);
    return (await once(child, 'message'))[0];
  };
  return { lock: (folder) => ask({ folder }), release: () => ask({}), kill: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
