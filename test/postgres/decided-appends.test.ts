import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { origin, type Position } from '../../src/event/cursor.ts';
import { maintainPartitions } from '../../src/maintenance/retention.ts';
import { readSettings } from '../../src/settings.ts';
import { databaseClock } from '../../src/store/database/clock.ts';
import type { Database } from '../../src/store/database/database.ts';
import { appendRows, type AppendedBatch, type DraftRow } from '../../src/store/log/append.ts';
import { createHeadReader, readHead } from '../../src/store/log/log-head.ts';
import { readExclusiveLocks } from '../../src/store/log/writer-locks.ts';
import { createLogStartReader } from '../../src/store/log/log-start.ts';
import { openStore } from '../../src/store/open-store.ts';
import { connectAsProgram } from '../support/database/program-client.ts';
import { rules } from '../support/database/aging.ts';
import { startProcess } from '../support/emitting.ts';
import { newDatabase } from '../support/test-server.ts';

const row = (id: string): DraftRow => JSON.stringify({ id, event: 'a', resource_id: 'r', resource_labels: {}, related: [] }) as DraftRow;

async function append(database: Database, ...ids: readonly string[]): Promise<AppendedBatch> {
  const batch = await appendRows(database, ids.map(row), 'REJECT_ALL');
  if ('conflicts' in batch) throw new Error('conflicts');
  return batch;
}

test('an append knows the head unless another writer is undecided or an event was stored before, and keeps no lock', async () => {
  await using testDatabase = await newDatabase();
  await using store = await openStore(readSettings(testDatabase.environment));
  const { database } = store;
  const headOf = async (...ids: readonly string[]): Promise<Position | null> => (await append(database, ...ids)).head;
  const alone = await append(database, 'a', 'b');
  expect(alone.head).toBe(alone.appended.at(-1)!.position);
  expect(await readHead(database)).toBe(alone.head);
  expect(await headOf('a')).toBeNull();
  expect(await headOf('b', 'c')).toBeNull();

  const open = connectAsProgram(testDatabase.environment['DATABASE_URL']!);
  await open`begin`;
  const [first] = await open`select decided, place from tidings.append_events(${`[${row('open')}]`}::text::jsonb, true)`;
  expect(first!['decided']).toBe(true);
  // Its own lock was exclusive for a moment only, so others still store.
  expect(await headOf('beside')).toBeNull();
  expect(await readHead(database)).toBeLessThan(Number(first!['place']));
  await open`commit`;
  expect(await headOf('after')).toBe(await readHead(database));

  // A transaction that is rolled back, also one to a savepoint, is no writer any more.
  await open`begin`;
  await open`savepoint before`;
  await open`select from tidings.append_events(${`[${row('rolled back')}]`}::text::jsonb, true)`;
  expect(await headOf('during')).toBeNull();
  await open`rollback to before`;
  expect(await headOf('rolled back')).toBe(await readHead(database));
  await open.end();
});

test('a writer that has the lock of all writers exclusively for a moment is not reported as a foreign program', async () => {
  await using testDatabase = await newDatabase();
  await using store = await openStore(readSettings(testDatabase.environment));
  const heads = createHeadReader(store.database);
  const writer = connectAsProgram(testDatabase.environment['DATABASE_URL']!);
  await writer`begin`;
  await writer`select from tidings.append_events(${`[${row('open')}]`}::text::jsonb, true)`;
  await writer`select pg_advisory_xact_lock(tidings.starting_lock())`;
  await heads.checkProgress();
  await writer`rollback`;
  await writer`begin`;
  await writer`select pg_advisory_xact_lock(tidings.writer_lock(1))`;
  await expect(heads.checkProgress()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await writer.end();
});

test('a program that has a lock of all writers exclusively hides no event, and is reported if it keeps the lock', async () => {
  await using testDatabase = await newDatabase();
  await using store = await openStore(readSettings(testDatabase.environment));
  const { database } = store;
  const { head } = await append(database, 'a');
  const program = connectAsProgram(testDatabase.environment['DATABASE_URL']!);
  await program`select pg_advisory_lock(tidings.starting_lock())`;
  expect(await readHead(database)).toBe(head);
  expect(await readExclusiveLocks(database)).toHaveLength(1);
  let reads = 0;
  const releasing: Database = {
    ...database,
    async rows<Row>(...statement: Parameters<Database['rows']>) {
      const rows = await database.rows<Row>(...statement);
      if ((reads += 1) === 2) await program`select pg_advisory_unlock_all()`;
      return rows;
    },
  };
  expect(await readExclusiveLocks(releasing)).toEqual([]);
  expect(reads).toBe(3);
  await program.end();
});

test('a head that an append accepts while another one is read does not look like a lost end of the log', async () => {
  await using testDatabase = await newDatabase();
  await using store = await openStore(readSettings(testDatabase.environment));
  const { database } = store;
  let statements = 0;
  /** Appends after each statement: a head that is read is old when its result arrives. */
  const overtaken: Database = {
    ...database,
    async rows(statement, planned) {
      const rows = await database.rows<any>(statement, planned);
      const { appended, head } = await append(database, `overtaking-${(statements += 1)}`);
      await heads.headFrom(appended[0]!.position, head);
      return rows;
    },
  };
  const heads = createHeadReader(overtaken, { onLost: () => expect.unreachable() });
  for (let n = 0; n < 5; n += 1) await heads.head();
  expect(statements).toBe(5);

  // A real loss is still found: the end is gone that was known before the read.
  let lost = false;
  const copied = createHeadReader(database, { from: 1_000_000 as Position, onLost: () => (lost = true) });
  await expect(copied.head()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(lost).toBe(true);
  const { appended, head } = await append(database, 'after the loss');
  await expect(copied.headFrom(appended[0]!.position, head)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('what a process has acknowledged is at or before every later head of every process, while partitions are removed', async () => {
  await using testDatabase = await newDatabase();
  const processes = [await startProcess(testDatabase.environment), await startProcess(testDatabase.environment)];
  const { database } = processes[0]!;
  const readLogStart = createLogStartReader(database);
  const client = connectAsProgram(testDatabase.environment['DATABASE_URL']!);
  let isEmitting = true;
  let known = 0;
  const emitting = processes.flatMap((process, p) =>
    Array.from({ length: 6 }, async (_, writer) => {
      const other = processes[1 - p]!;
      for (let n = 0; isEmitting; n += 1) {
        const ids = Array.from({ length: writer === 0 ? 60 : 1 }, (_unused, index) => `${p}-${writer}-${n}-${index}`);
        const { outcomes, head } = await process.emit(ids.map((id) => ({ id, event: 'a', resource: { id: 'r' } })));
        const positions = outcomes.map((each) => (each.status === 'CREATED' ? each.event.position : expect.unreachable(each.status)));
        expect(head).toBeGreaterThanOrEqual(Math.max(...positions));
        // A statement of another connection, and the head of another process.
        expect(await readHead(other.database)).toBeGreaterThanOrEqual(head);
        const [{ count }] = await other.database.rows<any>(
          sql`select count(*)::int from tidings.events where position = any(${`{${positions.join()}}`}::text::bigint[])`,
        );
        if (Math.min(...positions) > (await readLogStart())) expect(count).toBe(ids.length);
        expect((await other.groupCommit.store([], 'SKIP_REJECTED')).head).toBeGreaterThanOrEqual(head);
        known += 1;
      }
    }),
  );
  let failed = false;
  const all = Promise.all(emitting);
  all.catch(() => (failed = true));
  const small = { ...rules, minPartitionPositions: 200 };
  const now = databaseClock(database);
  for (let removed = 0; removed < 8 && !failed;) {
    const enough = known + 20;
    await expect.poll(() => failed || known > enough, { timeout: 30_000 }).toBe(true);
    await client`update tidings.partitions set opened = opened - interval '20 days', closed = closed - interval '20 days'`;
    const before = await readLogStart();
    await maintainPartitions({ database, clock: now, signal: new AbortController().signal }, small).catch((error: unknown) => {
      expect(error).toMatchObject({ code: '55P03' }); // a statement took too long
    });
    if ((await readLogStart()) > before) removed += 1;
  }
  isEmitting = false;
  await all;
  expect(await readLogStart()).toBeGreaterThan(origin);
  for (const process of processes) await process[Symbol.asyncDispose]();
  await client.end();
});
