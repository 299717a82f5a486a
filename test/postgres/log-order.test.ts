import type { ChildProcess } from 'node:child_process';
import postgres from 'postgres';
import { afterEach, expect, test } from 'vitest';
import { connectAsProgram } from '../support/database/program-client.ts';
import { startProcess as spawnProcess, type ServerProcess } from '../support/process.ts';
import { listenTo, newDatabase, post, socketTo } from '../support/test-server.ts';

// Several server processes on one Postgres.
const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

const batch = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created duplicates head results { event { cursor } } } }';
const subscription = 'subscription ($after: Cursor) { events(after: $after) { id cursor } }';

/** A batch of one event in the format of tidings.append_events. */
const row = (id: string): string => JSON.stringify([{ id, event: 'a', resource_id: 'r', resource_labels: {}, related: [] }]);

async function startProcess(environment: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const started = await spawnProcess({ ...environment, TIDINGS_POOL_SIZE: '9' });
  children.push(started.child);
  return started;
}

const events = (writer: string, from: number, count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${writer}:${from + index}`, event: 'a.b', resource: { id: writer } }));

test('an open transaction of another program that has written delays no reader or writer', async () => {
  await using testDatabase = await newDatabase();
  const { url } = await startProcess(testDatabase.environment);
  const client = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1, onnotice: () => undefined });
  await client`create table foreign_table (n int)`;
  await client.begin(async (transaction) => {
    await transaction`insert into foreign_table values (1)`;
    await expectNoDelay(url);
  });
  await client.end();
});

test('nor does one in another database of the same server, even a writer of another log', async () => {
  await using testDatabase = await newDatabase();
  await using foreign = await newDatabase();
  const { url } = await startProcess(testDatabase.environment);
  await startProcess(foreign.environment);
  const client = connectAsProgram(foreign.environment['DATABASE_URL']!);
  await client.begin(async (transaction) => {
    await transaction`select * from tidings.append_events(${row('foreign')}::text::jsonb, false)`;
    await expectNoDelay(url);
  });
  await client.end();
});

/**
 * Emits and listens while a transaction is open; a request that waited for its end would wait for
 * ever.
 */
async function expectNoDelay(url: string): Promise<void> {
  const socket = socketTo(url);
  const { head } = (await post(url, '{ head }')).data;
  const stream = listenTo(socket, subscription, { after: head });
  const { data } = await post(url, batch, { input: events('w', 0, 3) });
  expect(data.emitEvents.created).toBe(3);
  for (let index = 0; index < 3; index += 1) expect((await stream.next()).value.data.events.id).toBe(`w:${index}`);
  await socket.dispose();
}

test('a reader never passes a writer that has allocated positions and is undecided', async () => {
  await using testDatabase = await newDatabase();
  const { url } = await startProcess(testDatabase.environment);
  const client = connectAsProgram(testDatabase.environment['DATABASE_URL']!, { max: 2 });
  const slow = await client.reserve();
  await slow`begin`;
  await slow`select * from tidings.append_events(${row('slow')}::text::jsonb, false)`;
  // Committed after the undecided one: stored, but not readable yet, or a reader's cursor would
  // skip 'slow'.
  await client`select * from tidings.append_events(${row('quick')}::text::jsonb, false)`;
  const read = async (): Promise<any> => (await post(url, '{ events(order: LOG) { nodes { id } totalCount { count } head } head }')).data;
  const during = await read();
  expect(during.events).toMatchObject({ nodes: [], totalCount: { count: 0 } });
  // The response waits for it, so that a client that has the response finds the event.
  let responded = false;
  const waiting = post(url, batch, { input: events('after', 0, 1) }).then((response) => {
    responded = true;
    return response;
  });
  await expect.poll(async () => (await client`select count(*)::int as n from tidings.events`)[0]!['n'], { timeout: 5000 }).toBe(2);
  expect(responded).toBe(false);
  await slow`commit`;
  slow.release();
  expect((await waiting).data.emitEvents.created).toBe(1);
  expect((await read()).events.nodes.map((node: any) => node.id)).toEqual(['slow', 'quick', 'after:0']);
  const { data } = await post(url, 'query ($after: Cursor) { events(order: LOG, after: $after) { nodes { id } } }', { after: during.head });
  expect(data.events.nodes).toHaveLength(3);
  await client.end();
});

test('an event is received after its writer has its lock, however long it waited', async () => {
  await using testDatabase = await newDatabase();
  await startProcess(testDatabase.environment);
  const client = connectAsProgram(testDatabase.environment['DATABASE_URL']!, { max: 3 });
  const retention = await client.reserve();
  await retention`begin`;
  await retention`lock table tidings.events in share mode`;
  const appending = client`select received from tidings.append_events(${row('waits')}::text::jsonb, false)`.execute();
  const waiting = async (): Promise<unknown> => {
    const [row] = await client`
      select count(*)::int as n from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%from tidings.append_events%'`;
    return row!['n'];
  };
  await expect.poll(waiting, { timeout: 20_000 }).toBe(1);
  const [before] = await retention`select clock_timestamp() as now`;
  await retention`commit`;
  retention.release();
  await appending;
  expect((await client`select received >= ${before!['now']} as ok from tidings.events where id = 'waits'`)[0]).toEqual({ ok: true });
  await client.end();
});

test('a process killed with -9 during its appends blocks no other, and its acknowledged events are kept', async () => {
  await using testDatabase = await newDatabase();
  const dying = await startProcess(testDatabase.environment);
  const living = await startProcess(testDatabase.environment);
  const responded: string[] = [];
  const writing = Array.from({ length: 8 }, async (_, writer) => {
    for (let from = 0; ; from += 20) {
      const input = events(`d${writer}`, from, 20);
      const response = await post(dying.url, batch, { input }).catch(() => null);
      if (response?.data === undefined || response.data === null) return;
      responded.push(...input.map((each: any) => each.id as string));
    }
  });
  await expect.poll(() => responded.length, { timeout: 30_000 }).toBeGreaterThan(1000);
  dying.child.kill('SIGKILL');
  await Promise.all(writing);
  const { data } = await post(living.url, batch, { input: events('living', 0, 1) });
  expect(data.emitEvents.created).toBe(1);
  for (let from = 0; from < responded.length; from += 1000) {
    const id = responded.slice(from, from + 1000);
    const found = await post(living.url, 'query ($id: [ID!]) { events(filter: {id: $id}, first: 1) { totalCount { count } } }', { id });
    expect(found.data.events.totalCount.count).toBe(id.length);
  }
});
