import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { runToEnd, startProcess } from '../../support/process.ts';
import { newDatabase, onPostgres } from '../../support/test-server.ts';

// Beside refused-starts.test.ts: what a refusal leaves behind, what it keeps to itself, and rarer causes.

test('a refused start lets go of the database: the next one begins at once', async () => {
  await using testDatabase = await newDatabase();
  await using usedPort = await newPort();
  const ended = await runToEnd({ ...testDatabase.environment, PORT: String(usedPort.port) });
  expect(ended).toEqual(rejectedStart(`PORT: ${usedPort.port} on 127.0.0.1 is in use.`));
  await startsAndStops(testDatabase.environment);
});

describe.runIf(onPostgres)('DATABASE_URL', () => {
  test.each([
    ['a database that is not there', { database: 'missing' }],
    ['a port on which nothing listens', { port: '9' }],
    ['no Postgres', { protocol: 'mysql' }],
    ['a port that is none', { port: '99999' }],
  ])('of %s is refused without its password', async (_what, parts) => {
    await using testDatabase = await newDatabase();
    const ended = await runToEnd({ DATABASE_URL: address(testDatabase.environment, parts) });
    expect(ended).toEqual(rejectedStart('DATABASE_URL: '));
    expect(ended.stderr).not.toContain('sesame');
  });

  test('of a server that drops the connection is refused with the reason', async () => {
    await using dropping = await newPort();
    dropping.server.on('connection', (socket) => socket.resetAndDestroy());
    expect(await runToEnd({ DATABASE_URL: `postgres://u@127.0.0.1:${dropping.port}/db` })).toEqual(
      rejectedStart(`DATABASE_URL: Postgres at 127.0.0.1:${dropping.port} cannot be reached (ECONNRESET). Start it, or check the address.`),
    );
  });

  test('may have escapes in it', async () => {
    await using testDatabase = await newDatabase();
    await startsAndStops({ DATABASE_URL: address(testDatabase.environment, { user: 'tid%69ngs', password: 'p%40ss%25' }) });
  });

  test.each([
    ['password', { password: 'half%price' }],
    ['database', { database: 'half%price' }],
  ])('with a percent sign that begins no escape in its %s is refused in plain words', async (_part, parts) => {
    await using testDatabase = await newDatabase();
    const ended = await runToEnd({ DATABASE_URL: address(testDatabase.environment, parts) });
    expect(ended).toEqual(rejectedStart('DATABASE_URL: '));
  });

  test('of a database that is read-only, as a standby is, is refused in plain words', async () => {
    await using testDatabase = await newDatabase();
    const client = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1 });
    await client.unsafe(`alter database ${databaseOf(testDatabase.environment)} set default_transaction_read_only = on`);
    await client.end();
    expect(await runToEnd(testDatabase.environment)).toEqual(rejectedStart('DATABASE_URL: '));
  });
});

type Environment = Readonly<Record<string, string>>;

/** The address of the test's database, with a password, and with other parts, as they stand in an address. */
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

/** A refusal: one line on standard error that begins with `sentence`, and nothing else. */
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
