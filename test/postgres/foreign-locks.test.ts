import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { startTidings } from '../../src/main.ts';
import { readSettings } from '../../src/settings.ts';
import { appendRows, type DraftRow } from '../../src/store/log/append.ts';
import { createHeadReader } from '../../src/store/log/log-head.ts';
import { readOpeningHead } from '../../src/store/log/opening-head.ts';
import type { WriterLock } from '../../src/store/log/writer-locks.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { newDatabase, post } from '../support/test-server.ts';
import { overHttp, overWebSocket } from '../support/transports.ts';

const sentence =
  /this process has waited for the end of the log for \d+ s.*Held by process \d+ \(application \\?"foreign\\?", user \\?"tidings\\?"\)/;

/** Takes the locks of a writer that started with an empty log. */
async function lockAsWriter(client: postgres.Sql): Promise<void> {
  await client`select pg_advisory_lock_shared(tidings.starting_lock()), pg_advisory_lock_shared(tidings.writer_lock(0))`;
}

test('a program that holds the locks of a writer empties no log: the head stays, it is reported, and readiness fails', async () => {
  await using testDatabase = await newDatabase();
  await using store = await openStore(readSettings(testDatabase.environment));
  const { database } = store;
  const reported: (readonly WriterLock[])[] = [];
  const heads = createHeadReader(database, { maxWaitMs: 100, onStuck: (locks) => reported.push(locks) });
  const append = async (id: string) => {
    const row = JSON.stringify({ id, event: 'e', resource_id: 'r', resource_labels: {}, related: [] }) as DraftRow;
    const batch = await appendRows(database, [row], 'REJECT_ALL');
    return 'conflicts' in batch ? expect.unreachable() : heads.headFrom(batch.appended[0]!.position, batch.head);
  };
  const before = await append('one');
  await heads.checkProgress();

  const foreign = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1, connection: { application_name: 'foreign' } });
  await lockAsWriter(foreign);
  expect(await database.rows(sql`select tidings.log_head() as head`)).toEqual([{ head: '0' }]);
  expect(await heads.head()).toBe(before);
  const stuck = { code: 'UNAVAILABLE', message: expect.stringMatching('an earlier transaction') };
  await expect(append('two')).rejects.toMatchObject(stuck);
  await expect(append('three')).rejects.toMatchObject(stuck);
  expect(reported).toEqual([[{ pid: expect.any(Number), user: 'tidings', application: 'foreign', since: null }]]);
  await expect(heads.checkProgress()).rejects.toMatchObject(stuck);

  await foreign.end();
  await expect
    .poll(() =>
      heads.checkProgress().then(
        () => 'ready',
        () => 'not ready',
      ),
    )
    .toBe('ready');
  expect(await append('two')).toBeGreaterThan(before);
});

test('a server that starts while another program holds the lock of a writer waits, and never takes the log for an empty one', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings({ ...testDatabase.environment, PORT: '0' });
  const input = { id: 'one', event: 'e', resource: { id: 'r' } };
  const emit = 'mutation ($input: EventInput!) { emitEvent(input: $input) { event { cursor } } }';
  const running = await startTidings(settings);
  const { cursor } = (await post(running.url, emit, { input })).data.emitEvent.event;
  const foreign = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1, connection: { application_name: 'foreign' } });
  await lockAsWriter(foreign);
  await running[Symbol.asyncDispose]();

  const lines: string[] = [];
  const starting = startTidings(settings, pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }));
  const isStarted = starting.then(() => true);
  await expect.poll(() => lines.join(), { timeout: 20_000 }).toMatch(sentence);
  expect(await Promise.race([isStarted, false])).toBe(false);

  await foreign`select pg_advisory_unlock_all()`;
  await using tidings = await starting;
  // Taken again once the server is running.
  await lockAsWriter(foreign);
  const { data, errors } = await post(
    tidings.url,
    'query ($after: Cursor) { events { nodes { id } } rest: events(order: LOG, after: $after) { nodes { id } } }',
    {
      after: cursor,
    },
  );
  expect([errors, data]).toEqual([undefined, { events: { nodes: [{ id: 'one' }] }, rest: { nodes: [] } }]);
  await foreign.end();
});

test('a start that waits too long is rejected with a sentence that names the sessions', async () => {
  await using testDatabase = await newDatabase();
  await using store = await openStore(readSettings(testDatabase.environment));
  const row = JSON.stringify({ id: 'one', event: 'e', resource_id: 'r', resource_labels: {}, related: [] }) as DraftRow;
  await appendRows(store.database, [row], 'REJECT_ALL');
  const foreign = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1, connection: { application_name: 'foreign' } });
  await lockAsWriter(foreign);
  const error = { code: 'CANNOT_START', message: expect.stringMatching(sentence) };
  await expect(readOpeningHead(store.database, { warn: () => undefined }, { maxWaitMs: 100 })).rejects.toMatchObject(error);
  await foreign.end();
  expect(await readOpeningHead(store.database, { warn: () => undefined })).toBeGreaterThan(0);
});

test('a program that holds the lock that every writer needs next is reported, and readiness fails until it ends', async () => {
  await using testDatabase = await newDatabase();
  const lines: string[] = [];
  await using stack = new AsyncDisposableStack();
  const settings = readSettings({ ...testDatabase.environment, PORT: '0', TIDINGS_STATEMENT_TIMEOUT_MS: '500' });
  const { url } = stack.use(await startTidings(settings, pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })));
  const transports = [overHttp(url), overWebSocket(stack.use(await openRaw(url)))];
  const query = 'mutation { emitEvent(input: { id: "one", event: "e", resource: { id: "r" } }) { status } }';
  const readiness = async (): Promise<readonly [number, string]> => {
    const response = await fetch(`${url}/readyz`);
    return [response.status, await response.text()];
  };

  const foreign = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1, connection: { application_name: 'foreign' } });
  await foreign`select pg_advisory_lock(tidings.writer_lock((select last_value from tidings.event_position)))`;
  for (const send of transports) {
    const { error } = await send({ query });
    expect(error).toMatchObject({ message: expect.stringMatching('Other transactions hold locks'), extensions: { code: 'UNAVAILABLE' } });
  }
  await expect
    .poll(() => lines.join())
    .toMatch(/"application":"foreign".*"msg":"the log does not advance: these sessions hold advisory locks/);
  expect(await readiness()).toEqual([503, 'Another session holds an advisory lock that keeps writers from storing events.\n']);
  expect(lines.length).toBe(1);

  await foreign`select pg_advisory_unlock_all()`;
  await expect.poll(async () => (await readiness())[0]).toBe(200);
  await foreign`select pg_advisory_lock(x'006d696772617465'::bigint)`; // that of a migration
  expect((await transports[0]!({ query })).error?.extensions.code).toBe('UNAVAILABLE');
  expect((await readiness())[0]).toBe(503);
  await foreign.end();
  await expect.poll(async () => (await readiness())[0]).toBe(200);
  for (const [n, send] of transports.entries()) {
    expect((await send({ query })).data.emitEvent.status).toBe(n === 0 ? 'CREATED' : 'DUPLICATE');
  }
});
