import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { origin } from '../../../src/event/cursor.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { startAging } from '../../support/database/aging.ts';
import { indexEvents } from '../../support/skip-index.ts';

test('a resource is deleted with the last event that mentions it, whether or not that event was indexed', async () => {
  await using log = await startAging();
  const { database, heads } = log.services;
  const indexAll = async (): Promise<void> => {
    const { events } = await readLog(database, { after: origin, head: await heads.head(), limit: 1000 });
    await indexEvents(database, events, { block: 4, rowGroup: 8 });
  };
  const emit = async (ids: readonly string[], owner: string): Promise<void> => {
    const input = ids.map((id) => ({ event: 'a', resource: { id }, related: [{ id: owner, role: 'owner' }] }));
    await log.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
  };
  const names = (prefix: string): string[] => Array.from({ length: 8 }, (_, n) => `${prefix}-${n}`);
  const listedIds = async (): Promise<string[]> =>
    (await log.data('{ resources { nodes { id } } }')).resources.nodes.map(({ id }: any) => id);
  const recordedIds = async (): Promise<string[]> =>
    (await database.rows<{ id: string }>(sql`select id from tidings.resources order by id`)).map(({ id }) => id);

  await emit([...names('old'), ...names('both')], 'old.owner');
  await indexAll();
  await log.advanceDays(1);
  await emit([...names('both'), ...names('new')], 'new.owner');
  await emit(names('both'), 'unindexed.owner');
  await indexEvents(database, (await readLog(database, { after: origin, head: await heads.head(), limit: 32 })).events.slice(16), {
    block: 4,
    rowGroup: 8,
  });
  await log.advanceDays(29);
  expect(await listedIds()).toEqual(
    [...names('both'), 'new.owner', ...names('new'), 'old.owner', ...names('old'), 'unindexed.owner'].toSorted(),
  );
  await log.advanceDays(1);
  expect(await listedIds()).toEqual([...names('both'), 'new.owner', ...names('new'), 'unindexed.owner'].toSorted());
  expect(await recordedIds()).toEqual([...names('both'), 'new.owner', ...names('new')].toSorted());
  await log.advanceDays(31);
  expect(await listedIds()).toEqual([]);
  expect(await recordedIds()).toEqual([]);
});
