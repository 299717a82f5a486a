import type { ChildProcess } from 'node:child_process';
import type postgres from 'postgres';
import { afterEach, expect, test } from 'vitest';
import { parseCursor } from '../../src/event/cursor.ts';
import { maintainPartitions } from '../../src/maintenance/retention.ts';
import { removePartition } from '../../src/store/retention/remove-partition.ts';
import { rules, startAging } from '../support/database/aging.ts';
import { connectAsProgram } from '../support/database/program-client.ts';
import { startProcess } from '../support/process.ts';
import { newDatabase, post } from '../support/test-server.ts';

const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

async function startServer(environment: Readonly<Record<string, string>>): Promise<Awaited<ReturnType<typeof startProcess>>> {
  const started = await startProcess(environment);
  children.push(started.child);
  return started;
}

const emission = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created results { status event { cursor } } } }';
const positionOf = ({ event }: any): number => parseCursor(event.cursor, 'LOG', []).position;
const made = (prefix: string, count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix}-${index}`, event: 'kind.made', resource: { id: 'r' } }));

/** Makes the events so far look that many days older. */
async function age(client: postgres.Sql, days: number): Promise<void> {
  await client`update tidings.partitions set opened = opened - ${`${days} days`}::interval, closed = closed - ${`${days} days`}::interval`;
}

test('readers, followers and writers continue while partitions are removed: each follower gets every event or a gap, once, in order', async () => {
  await using log = await startAging({ events: 200, bytes: 1e6 });
  let writing = true;
  const emitted = new Map<string, number>();
  const write = async (writer: number): Promise<void> => {
    for (let n = 0; writing; n += 1) {
      const input = made(`w${writer}.${n}`, 1 + (n % 7));
      const { emitEvents } = await log.data(emission, { input });
      // The ids are new, so all must be created.
      expect(emitEvents.created).toBe(input.length);
      input.forEach(({ id }: any, index) => emitted.set(id, positionOf(emitEvents.results[index])));
    }
  };
  const read = async (): Promise<void> => {
    for (let after: string | null = null; writing;) {
      const { data, errors } = await log.execute(
        'query ($after: Cursor) { events(order: LOG, first: 20, after: $after, filter: {event: {startsWith: ["kind."]}}) { edges { cursor } totalCount { count } } head }',
        { after },
      );
      if (errors !== undefined) {
        expect(errors.map(({ extensions }: any) => extensions.code)).toEqual(['CURSOR_EXPIRED']);
      }
      after = errors === undefined ? (data.events.edges.at(-1)?.cursor ?? null) : null;
    }
  };
  const follow = async (runsRetention: boolean): Promise<{ readonly seen: string[]; readonly gaps: (readonly [number, number])[] }> => {
    await using listener = await log.streams.listen(0 as any, { request: { batchSize: 50 } });
    const seen: string[] = [];
    const gaps: (readonly [number, number])[] = [];
    let position = 0;
    for (let last = false; !last;) {
      const message = await listener.next();
      if (message.kind === 'EventBatch') {
        expect(message.previous).toBe(position);
        seen.push(...message.events.map(({ id }: any) => id));
        last = message.events.at(-1).id === 'last';
      }
      if (message.kind === 'RetentionGap') {
        expect(message.from).toBe(position);
        gaps.push([message.from, message.to]);
      }
      position = message.to ?? message.cursor;
      // Fails when another follower does so at the same time.
      if (runsRetention) await log.advanceDays(0).catch(() => undefined);
    }
    return { seen, gaps };
  };
  const workers = [write(0), write(1), write(2), read(), read()];
  const following = [follow(false), follow(true), follow(true)];
  for (let day = 0; day < 70; day += 2) {
    const enough = emitted.size + 30;
    await expect.poll(() => emitted.size, { timeout: 40_000 }).toBeGreaterThan(enough);
    await retryWhileLocked(() => log.advanceDays(2));
  }
  const late = log.streams.listen(1 as any);
  expect(await (await late).next()).toMatchObject({ kind: 'RetentionGap', from: 1 });
  writing = false;
  await Promise.all(workers);
  const { emitEvents } = await log.data(emission, { input: [{ id: 'last', event: 'kind.made', resource: { id: 'r' } }] });
  emitted.set('last', positionOf(emitEvents.results[0]));
  for (const { seen, gaps } of await Promise.all(following)) {
    const positions = seen.map((id) => emitted.get(id)!);
    expect(positions).toEqual(Array.from(new Set(positions)).toSorted((x, y) => x - y));
    const missed = new Map(emitted);
    for (const id of seen) missed.delete(id);
    expect(Array.from(missed).filter(([, position]) => !gaps.some(([from, to]) => from < position && position <= to))).toEqual([]);
  }
  await (await late)[Symbol.asyncDispose]();
  expect(await log.services.logStart()).toBeGreaterThan(0);
}, 180_000);

/** The database's lock_not_available. */
const lockTimeout = { code: '55P03' };

/** Retries while another process holds the lock. */
async function retryWhileLocked(attempt: () => Promise<void>): Promise<void> {
  await expect
    .poll(
      () =>
        attempt().then(
          () => 'done',
          (error: unknown) => String(error),
        ),
      { timeout: 40_000 },
    )
    .toBe('done');
}

test('removal fails while a statement runs, so that no statement waits behind it for long, and succeeds after', async () => {
  await using log = await startAging();
  await log.data(emission, { input: made('old', 3) });
  await log.advanceDays(1);
  const { database } = log.services;
  const [partition] = await log.partitions();
  const remove = async (): Promise<void> => removePartition(database, partition!.first, { at: await log.clock(), lockTimeoutMs: 20 });
  await database.withConnection((client) =>
    client.begin(async (transaction) => {
      await transaction`select count(*) from tidings.events`;
      await expect(remove()).rejects.toMatchObject(lockTimeout);
      expect(await log.services.logStart()).toBe(0);
      expect((await log.data('{ event(id: "old-0") { id } }')).event).toEqual({ id: 'old-0' });
    }),
  );
  await remove();
  expect((await log.data('{ event(id: "old-0") { id } }')).event).toBeNull();
});

test('a writer that has compared with a stored event delays its removal; one process at a time changes partitions', async () => {
  await using log = await startAging();
  await log.data(emission, { input: made('old', 3) });
  await log.advanceDays(1);
  const { database } = log.services;
  const looking = { database, clock: log.clock, signal: new AbortController().signal };
  const batch = JSON.stringify([{ id: 'old-0', event: 'kind.made', resource_id: 'r', resource_labels: {}, related: [] }]);
  await database.withConnection((client) =>
    client.begin(async (transaction) => {
      const [row] = await transaction`select created, differing from tidings.append_events(${batch}::text::jsonb, false)`;
      expect(row).toEqual({ created: false, differing: '{}' });
      await expect(removePartition(database, 0 as any, { at: await log.clock(), lockTimeoutMs: 20 })).rejects.toMatchObject(lockTimeout);
    }),
  );
  await database.withConnection((client) =>
    client.begin(async (transaction) => {
      await transaction`select tidings.lock_partitions(1000)`;
      await expect(log.advanceDays(31)).rejects.toMatchObject(lockTimeout);
    }),
  );
  await maintainPartitions(looking, rules);
  expect(await log.services.logStart()).toBe(3);
});

test('two processes, one killed with -9 while it removes: the other one finishes, and so does a restart', async () => {
  await using testDatabase = await newDatabase();
  const client = connectAsProgram(testDatabase.environment['DATABASE_URL']!, { max: 2 });
  const state = async (): Promise<any> => {
    const [row] = await client`
      select log_start::int, ids_freed_to::int, (select count(*)::int from tidings.events) as events, (select count(*)::int from tidings.event_ids) as ids,
        (select count(*)::int from tidings.digests) as summaries, (select count(*)::int from tidings.partitions where removed is not null) as removed
      from tidings.retention`;
    return row;
  };
  const emitOld = async (url: string, prefix: string): Promise<void> => {
    for (let batch = 0; batch < 20; batch += 1) await post(url, emission, { input: made(`${prefix}.${batch}`, 1000) });
  };
  const count = 20_000;
  {
    const first = await startServer(testDatabase.environment);
    await emitOld(first.url, 'a');
    await expect.poll(async () => (await client`select count(*)::int as n from tidings.partitions`)[0]!['n'], { timeout: 40_000 }).toBe(3);
    first.child.kill('SIGKILL');
  }
  await client`select tidings.begin_next_partition(0, 5000)`;
  await age(client, 1);
  const dying = await startServer(testDatabase.environment);
  // Closed by now, a day ago by its record; the next start finds it past retention.
  await expect
    .poll(async () => (await client`select closed from tidings.partitions where first = 0`)[0]!['closed'], { timeout: 40_000 })
    .not.toBeNull();
  dying.child.kill('SIGKILL');
  await age(client, 40);
  // A process that removes comes to this id, however fast it is, and no further.
  const holder = await client.reserve();
  await holder`begin`;
  await holder`select from tidings.event_ids where key = tidings.event_key('a.10-0') for update`;
  const killed = await startServer(testDatabase.environment);
  const { data } = await post(killed.url, emission, { input: made('kept', 10) });
  expect(data.emitEvents.created).toBe(10);
  await expect.poll(async () => (await state()).removed, { interval: 1, timeout: 30_000 }).toBe(1);
  killed.child.kill('SIGKILL');
  const stopped = await state();
  expect(stopped).toMatchObject({ log_start: count, events: 10 });
  expect(stopped.ids_freed_to).toBeLessThan(count);
  expect(stopped.ids).toBeGreaterThan(10);
  await holder`rollback`;
  holder.release();
  const servers = await Promise.all([startServer(testDatabase.environment), startServer(testDatabase.environment)]);
  // While the remains are deleted.
  const again = await post(servers[0].url, emission, { input: made('a.19', 1000) });
  expect(again.data.emitEvents.created).toBe(1000);
  await expect.poll(state, { timeout: 50_000 }).toMatchObject({ events: 1010, ids: 1010, removed: 0, ids_freed_to: count });
  const tables = await client`select relname from pg_class where relnamespace = 'tidings'::regnamespace and relname = 'events_0'`;
  expect(tables).toHaveLength(0);
  for (const { url } of servers) {
    const found = await post(url, '{ gone: event(id: "a.0-1") { id } kept: event(id: "kept-1") { id } again: event(id: "a.19-1") { id } }');
    expect(found.data).toEqual({ gone: null, kept: { id: 'kept-1' }, again: { id: 'a.19-1' } });
  }
  for (const { child } of servers) child.kill('SIGKILL');
  await client.end();
}, 180_000);
