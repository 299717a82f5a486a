import { once } from 'node:events';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import { connectPostgres } from '../../../src/store/database/database.ts';
import { knownSchemaVersion } from '../../../src/store/database/schema-version.ts';
import { lockSession } from '../../../src/store/session-lock.ts';
import { emit } from '../../support/endurance.ts';
import { connectAsProgram } from '../../support/database/program-client.ts';
import { startProcess } from '../../support/process.ts';
import { listenTo, newDatabase, post, socketTo, startTestServer } from '../../support/test-server.ts';

const row = JSON.stringify([{ id: 'x', event: 'a', resource_id: 'r', resource_labels: {}, related: [] }]);
/** What programs run to read or write the log, its index, keys, rejected events and partitions. */
const statements = [
  'select tidings.log_head()',
  `select * from tidings.append_events('${row}', false)`,
  `insert into tidings.digest_chapters (last, signature) values (1, '')`,
  `insert into tidings.api_keys (id, name, hash, permissions, created) values ('k', 'n', '', '{}', now())`,
  `insert into tidings.rejected_events (received, protocol, reason, raw, bytes) values (now(), 'p', 'r', '', 0)`,
  'select tidings.lock_partitions(1000)',
];

test('programs of the versions before read and write nothing, and learn why', async () => {
  await using server = await startTestServer();
  const url = server.environment['DATABASE_URL']!;
  // Null: a version before the fence.
  for (const version of [null, 0, knownSchemaVersion() - 1]) {
    const client = version === null ? postgres(url, { max: 1, onnotice: () => undefined }) : connectAsProgram(url, { version });
    for (const statement of statements) {
      await expect(client.unsafe(statement), statement).rejects.toMatchObject({
        code: 'TD002',
        message: 'The database was migrated by a newer version of Tidings.',
      });
    }
    await client.end();
  }
  const client = connectAsProgram(url);
  expect(await client`select tidings.log_head()`).toEqual([{ log_head: '0' }]);
  expect(await client`select count(*)::int from tidings.api_keys`).toEqual([{ count: 0 }]);
  await client.end();
});

test('a running process stops when a newer version migrates, under load, and keeps what it acknowledged', async () => {
  await using testDatabase = await newDatabase();
  const { url, child } = await startProcess({ ...testDatabase.environment, TIDINGS_LOG_LEVEL: 'silent' });
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const client = socketTo(url);
  const stream = listenTo(client, 'subscription { events { id } }');
  const ended = stream.next().catch((error: unknown) => error);
  const acknowledged: string[] = [];
  const codes = new Set<string>();
  const writing = Array.from({ length: 4 }, async (_, writer) => {
    for (let batch = 0; ; batch += 1) {
      const ids = Array.from({ length: 40 }, (__, n) => `${writer}-${batch}-${n}`);
      const response = await emit(url, ids).catch(() => null);
      if (response === null) return; // the process has ended
      for (const { extensions } of response.errors ?? []) codes.add(extensions?.code);
      if (response.data?.emitEvents !== undefined && response.data.emitEvents !== null) acknowledged.push(...ids);
    }
  });
  await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(2000);

  const newer = connectAsProgram(testDatabase.environment['DATABASE_URL']!, { version: knownSchemaVersion() + 1 });
  await newer`insert into tidings.migrations (hash, created_at) values ('of a later version', ${knownSchemaVersion() + 1})`;
  const [{ head: headAtMigration }] = (await newer`select max(position) as head from tidings.events`) as any;
  expect(await exited).toEqual([1, null]);
  await Promise.all(writing);
  await ended;
  await client.dispose();
  expect(stderr).toBe('A newer version of Tidings has migrated the database, so this process stops. Start that version or a later one.\n');
  expect([...codes].filter((code) => code !== 'UNAVAILABLE')).toEqual([]);
  const stored = await newer`select id, position from tidings.events`;
  const ids = new Set(stored.map(({ id }) => id));
  expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
  // Only transactions that began before the migration's commit may have stored events after this read.
  expect(stored.filter(({ position }) => Number(position) > Number(headAtMigration)).length).toBeLessThanOrEqual(4 * 40);
  await newer.end();
});

test('while another process migrates, writers are rejected at once, and succeed afterwards', async () => {
  await using server = await startTestServer();
  const migrating = connectAsProgram(server.environment['DATABASE_URL']!);
  await migrating`select pg_advisory_lock(x'006d696772617465'::bigint)`;
  expect((await emit(server.tidings.url, ['during'])).errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }]);
  expect((await post(server.tidings.url, '{ events { nodes { id } } }')).data.events.nodes).toEqual([]);
  await migrating`select pg_advisory_unlock(x'006d696772617465'::bigint)`;
  expect((await emit(server.tidings.url, ['after'])).data.emitEvents.created).toBe(1);
  await migrating.end();
});

test('a migration gets its lock while writers never pause', async () => {
  await using server = await startTestServer();
  let stopped = false;
  const writing = Array.from({ length: 8 }, async (_, writer) => {
    for (let batch = 0; !stopped; batch += 1) await emit(server.tidings.url, [`${writer}-${batch}`]);
  });
  const url = server.environment['DATABASE_URL']!;
  await using database = connectPostgres(url, { ...readSettings({}), poolSize: 1 });
  const lock = { key: String(0x6d696772617465n), purpose: 'for a test' };
  for (let round = 0; round < 20; round += 1)
    await (await lockSession(database, lock, { warn: expect.unreachable }))[Symbol.asyncDispose]();
  stopped = true;
  await Promise.all(writing);
});

test('a process that waits for a lock says for what, and which session holds it', async () => {
  await using testDatabase = await newDatabase();
  const url = testDatabase.environment['DATABASE_URL']!;
  const holder = postgres(url, { max: 1, connection: { application_name: 'a left session' } });
  const [{ pid }] = (await holder`select pg_backend_pid() as pid, pg_advisory_lock(1)`) as any;
  await using database = connectPostgres(url, { ...readSettings({}), poolSize: 1 });
  const warnings: unknown[] = [];
  const logger = { warn: (text: unknown) => void warnings.push(text) };
  const locking = lockSession(database, { key: '1', purpose: 'for a test', logAfterMs: 20 }, logger);
  await expect.poll(() => warnings.length).toBeGreaterThan(1);
  await holder.end();
  await (await locking)[Symbol.asyncDispose]();
  expect(warnings[0]).toMatch(
    new RegExp(
      `^this process has waited for a test for 0 s\\. Held by process ${pid} \\(application "a left session", user "tidings", .*state "idle"`,
    ),
  );
});
