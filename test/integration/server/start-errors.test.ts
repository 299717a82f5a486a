import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { runToEnd, startProcess } from '../../support/process.ts';
import { newDatabase, onPostgres } from '../../support/test-server.ts';

// In addition to rejected-starts.test.ts: rejected starts release the database and hide the
// password; rarer causes.

test('a rejected start releases the database: the next one succeeds at once', async () => {
  await using testDatabase = await newDatabase();
  await using usedPort = await newPort();
  const ended = await runToEnd({ ...testDatabase.environment, PORT: String(usedPort.port) });
  expect(ended).toEqual(rejectedStart(`PORT: ${usedPort.port} on 127.0.0.1 is in use.`));
  await startsAndStops(testDatabase.environment);
});

describe.runIf(onPostgres)('DATABASE_URL', () => {
  test.each([
    ['a database that does not exist', { database: 'missing' }],
    ['a port on which nothing listens', { port: '9' }],
    ['no Postgres', { protocol: 'mysql' }],
    ['an invalid port', { port: '99999' }],
  ])('of %s is rejected, without its password', async (_what, parts) => {
    await using testDatabase = await newDatabase();
    const ended = await runToEnd({ DATABASE_URL: address(testDatabase.environment, parts) });
    expect(ended).toEqual(rejectedStart('DATABASE_URL: '));
    expect(ended.stderr).not.toContain('sesame');
  });

  test('of a server that drops the connection is rejected with the reason', async () => {
    await using dropping = await newPort();
    dropping.server.on('connection', (socket) => socket.resetAndDestroy());
    expect(await runToEnd({ DATABASE_URL: `postgres://u@127.0.0.1:${dropping.port}/db` })).toEqual(
      rejectedStart(`DATABASE_URL: Postgres at 127.0.0.1:${dropping.port} cannot be reached (ECONNRESET). Start it, or check the address.`),
    );
  });

  test.each([
    ['sslmode=require', 'DATABASE_URL: Postgres at', '"sslmode": a server without TLS needs sslmode=disable'],
    ['sslmode=verify-full', 'DATABASE_URL: Postgres at', '"sslmode": a server without TLS needs sslmode=disable'],
    ['options=-c%20no_such_setting%3D1', 'DATABASE_URL: the server at', 'unrecognized configuration parameter "no_such_setting"'],
    ['pgbouncer=true', 'DATABASE_URL: the parameter "pgbouncer" is not supported.', 'PgBouncer'],
  ])('with ?%s is rejected with one sentence', async (query, sentence, detail) => {
    await using testDatabase = await newDatabase();
    const ended = await runToEnd({ DATABASE_URL: `${address(testDatabase.environment, {})}?${query}` });
    expect(ended).toEqual(rejectedStart(sentence));
    expect(ended.stderr).toContain(detail);
    expect(ended.stderr).not.toContain('sesame');
  });

  test.each([
    'sslmode=prefer',
    'sslmode=disable',
    'target_session_attrs=read-write',
    'application_name=a%20b',
    'options=-c%20work_mem%3D8MB',
  ])('can have ?%s', async (query) => {
    await using testDatabase = await newDatabase();
    await startsAndStops({ DATABASE_URL: `${address(testDatabase.environment, {})}?${query}` });
  });

  test('can contain escapes', async () => {
    await using testDatabase = await newDatabase();
    await startsAndStops({ DATABASE_URL: address(testDatabase.environment, { user: 'tid%69ngs', password: 'p%40ss%25' }) });
  });

  test.each([
    ['password', { password: 'half%price' }],
    ['database', { database: 'half%price' }],
  ])('with a percent sign that does not start an escape in its %s is rejected with one sentence', async (_part, parts) => {
    await using testDatabase = await newDatabase();
    const ended = await runToEnd({ DATABASE_URL: address(testDatabase.environment, parts) });
    expect(ended).toEqual(rejectedStart('DATABASE_URL: '));
  });

  test('of a database that is read-only, like a standby, is rejected with one sentence', async () => {
    await using testDatabase = await newDatabase();
    const client = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1 });
    await client.unsafe(`alter database ${databaseOf(testDatabase.environment)} set default_transaction_read_only = on`);
    await client.end();
    expect(await runToEnd(testDatabase.environment)).toEqual(rejectedStart('DATABASE_URL: '));
  });
});

type Environment = Readonly<Record<string, string>>;

/**
 * The address of the test's database, with a password and replaced parts, which are not escaped.
 */
function address(environment: Environment, parts: Readonly<Record<string, string>>): string {
  const { port } = new URL(environment['DATABASE_URL']!);
  const whole = { protocol: 'postgres', user: 'tidings', password: 'sesame', port, database: databaseOf(environment), ...parts };
  return `${whole.protocol}://${whole.user}:${whole.password}@127.0.0.1:${whole.port}/${whole.database}`;
}

function databaseOf(environment: Environment): string {
  return new URL(environment['DATABASE_URL']!).pathname.slice(1);
}

async function startsAndStops(environment: Environment): Promise<void> {
  const { url, child } = await startProcess(environment);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
}

/**
 * A rejected start: one line on standard error that starts with `sentence`, and no other output.
 */
function rejectedStart(sentence: string): unknown {
  const literal = sentence.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return { code: 1, stdout: '', stderr: expect.stringMatching(new RegExp(String.raw`^${literal}.*\n$`)) };
}

async function newPort(): Promise<{ readonly port: number; readonly server: Server } & AsyncDisposable> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
