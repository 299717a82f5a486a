import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { startEndurance } from '../support/endurance.ts';
import { startPostgres, type PostgresServer } from '../support/database/postgres-server.ts';
import { post } from '../support/test-server.ts';

const pollOptions = { timeout: 30_000, interval: 50 };

test('a full disk rejects writers only, and once it has space they succeed again', async ({ skip }) => {
  await using server = await startPostgres();
  using disk = mountSmallDisk(server);
  skip(disk.folder === null, `no file system of a few megabytes can be mounted here: ${disk.reason}`);
  const admin = postgres(server.url('postgres'), { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create tablespace small location '${disk.folder}'`);
  await admin.unsafe('create database small tablespace small');
  await admin.end();
  await using endurance = await startEndurance({ DATABASE_URL: server.url('small') });
  const { url, codes } = endurance;
  await expect.poll(() => endurance.acknowledged(), pollOptions).toBeGreaterThan(100);

  disk.fill();
  await expect.poll(() => [...codes], pollOptions).toEqual(['UNAVAILABLE']);
  // Pages of tables have space for a while; a large event has not.
  const large = { id: 'large', event: 'some.thing', resource: { id: 'r' }, payload: { text: noise(200_000) } };
  const rejected = await post(url, mutation, { large });
  expect(rejected.errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) } }]);
  expect((await post(url, '{ event(id: "large") { id } events(first: 1) { nodes { id } } }')).data).toMatchObject({
    event: null,
    events: { nodes: [{ id: expect.any(String) }] },
  });
  expect(await endurance.readiness()).toBe(200);

  disk.clear();
  const acknowledged = endurance.acknowledged();
  await expect.poll(() => endurance.acknowledged(), pollOptions).toBeGreaterThan(acknowledged + 2000);
  const indexedTo = await endurance.metric('tidings_index_position');
  await expect.poll(() => endurance.metric('tidings_index_position'), pollOptions).toBeGreaterThan(indexedTo);
  expect((await post(url, mutation, { large })).data.emitEvent.status).toBe('CREATED');
  await endurance.verify(['large']);
  expect([...codes]).toEqual(['UNAVAILABLE']);
  expect(await endurance.metric('tidings_unexpected_errors_total')).toBe(0);
});

const mutation = 'mutation ($large: EventInput!) { emitEvent(input: $large) { status } }';

/** Text that cannot be compressed enough to fit. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => String.fromCharCode(97 + ((state = (state * 48_271) % 2_147_483_647) % 26))).join('');
}

interface SmallDisk extends Disposable {
  /** Null: it cannot be mounted, for `reason`. */
  readonly folder: string | null;
  readonly reason: string;
  fill(): void;
  clear(): void;
}

/** A file system in memory for a database of some megabytes. Only root may mount one. */
function mountSmallDisk({ owner }: PostgresServer): SmallDisk {
  const mounted = mkdtempSync(join(tmpdir(), 'tidings-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', mounted], { stdio: 'pipe' });
  } catch (error) {
    rmSync(mounted, { recursive: true, force: true });
    return { folder: null, reason: String(error), fill: () => undefined, clear: () => undefined, [Symbol.dispose]: () => undefined };
  }
  const folder = join(mounted, 'tablespace');
  const ballast = join(mounted, 'ballast');
  mkdirSync(folder);
  chmodSync(mounted, 0o755);
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid ?? owner.uid);
  return {
    folder,
    reason: '',
    fill() {
      const file = openSync(ballast, 'w');
      try {
        for (const block = Buffer.alloc(4096); ;) writeSync(file, block);
      } catch {
        closeSync(file); // the disk is full
      }
    },
    clear: () => rmSync(ballast),
    [Symbol.dispose]() {
      // Lazy, since the server may have files open for a moment.
      execFileSync('umount', ['--lazy', mounted]);
      rmSync(mounted, { recursive: true, force: true });
    },
  };
}
