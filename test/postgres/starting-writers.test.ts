import { expect, test } from 'vitest';
import { readSettings } from '../../src/settings.ts';
import { openStore } from '../../src/store/open-store.ts';
import { connectAsProgram } from '../support/database/program-client.ts';
import { newDatabase } from '../support/test-server.ts';

/** A batch of one event in the format of tidings.append_events. */
const row = (id: string): string => JSON.stringify([{ id, event: 'a', resource_id: 'r', resource_labels: {}, related: [] }]);

test('the head does not go back when a writer takes its lock late: after others have stored events', async () => {
  await using testDatabase = await newDatabase();
  const url = testDatabase.environment['DATABASE_URL']!;
  await using store = await openStore(readSettings(testDatabase.environment));
  const client = connectAsProgram(url, { max: 4 });
  const late = connectAsProgram(url);
  const pausing = connectAsProgram(url);
  const head = async (): Promise<number> => Number((await client`select tidings.log_head() as head`)[0]!['head']);
  const isWaiting = async (): Promise<boolean> =>
    (await client`select from pg_locks where locktype = 'advisory' and not granted and classid = 1 and objid = 2`).length > 0;

  // A writer stops after it has read the sequence, before it has its lock.
  await client.unsafe(`
    create or replace function tidings.writer_lock(place bigint) returns bigint language plpgsql as $$
    begin
      if current_setting('application_name') = 'late' and place < 1 << 30 then
        perform pg_advisory_xact_lock(1, 2);
      end if;
      return (29801::bigint << 48) | place;
    end $$`);
  await pausing`select pg_advisory_lock(1, 2)`;
  await late`set application_name = 'late'`;
  await late`begin`;
  const lateAppend = late`select place from tidings.append_events(${row('late')}::text::jsonb, false)`.execute();
  await expect.poll(isWaiting).toBe(true);

  const quick = await client`select place from tidings.append_events(${row('quick')}::text::jsonb, false)`;
  const heads: number[] = [];
  const during = Array.from({ length: 3 }, () => head().then((found) => heads.push(found)));
  await Promise.race([Promise.all(during), new Promise((resolve) => setTimeout(resolve, 300))]);
  await pausing`select pg_advisory_unlock(1, 2)`;
  await lateAppend;
  await Promise.all(during);
  heads.push(await head());
  await late`commit`;
  heads.push(await head());
  expect(heads).toEqual(heads.toSorted((a, b) => a - b));
  expect(heads.at(-1)).toBeGreaterThan(Number(quick[0]!['place']));

  await Promise.all([client.end(), late.end(), pausing.end()]);
});
