import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { startEndurance } from '../support/endurance.ts';
import { startPostgres } from '../support/database/postgres-server.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { post } from '../support/test-server.ts';

const pollOptions = { timeout: 60_000, interval: 50 };

test('a full disk rejects writers only, and once it has space they succeed again', async ({ skip }) => {
  await using server = await startPostgres();
  using disk = mountSmallDisk(40);
  skip(disk.folder === null, disk.reason);
  const tablespace = join(disk.folder!, 'tablespace');
  mkdirSync(tablespace);
  if (server.owner.uid !== undefined) chownSync(tablespace, server.owner.uid, server.owner.gid ?? server.owner.uid);
  const admin = postgres(server.url('postgres'), { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create tablespace small location '${tablespace}'`);
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
}, 240_000);

const mutation = 'mutation ($large: EventInput!) { emitEvent(input: $large) { status } }';

/** Text that cannot be compressed enough to fit. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => String.fromCharCode(97 + ((state = (state * 48_271) % 2_147_483_647) % 26))).join('');
}
