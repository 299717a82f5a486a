import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { emit, startEndurance } from '../support/endurance.ts';
import { runToEnd } from '../support/process.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

const pollOptions = { timeout: 60_000, interval: 50 };

test('a full disk makes requests UNAVAILABLE at once, and once it has space everything resumes', async ({ skip }) => {
  using disk = mountSmallDisk(80);
  skip(disk.folder === null, disk.reason);
  const dataDir = join(disk.folder!, 'data');
  cpSync(inject('embeddedTemplate'), dataDir, { recursive: true, filter: (path) => !path.endsWith('.lock') });
  await using endurance = await startEndurance({ DATA_DIR: dataDir });
  const { url, codes } = endurance;

  // Tables have space for a while. The next file of Postgres' log has none, so Postgres aborts.
  disk.fill(10_000_000);
  await expect.poll(() => endurance.readiness(), pollOptions).toBe(503);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const { errors } = await emit(url, ['rejected']);
  expect(errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) } }]);

  disk.clear();
  await expect.poll(() => endurance.readiness(), pollOptions).toBe(200);
  const acknowledged = endurance.acknowledged();
  await expect.poll(() => endurance.acknowledged(), pollOptions).toBeGreaterThan(acknowledged + 1000);
  await endurance.verify();
  expect([...codes]).toEqual(['UNAVAILABLE']);
  expect(await endurance.metric('tidings_unexpected_errors_total')).toBe(0);
}, 180_000);

test('a start without space for a database is rejected with one sentence', async ({ skip }) => {
  using disk = mountSmallDisk(4);
  skip(disk.folder === null, disk.reason);
  const { code, stderr } = await runToEnd({ DATA_DIR: join(disk.folder!, 'data') });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^DATA_DIR: the embedded database in .* cannot be opened .* Its disk is full: free some space\.\n$/);
});
