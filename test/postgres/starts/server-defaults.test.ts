import { once } from 'node:events';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { startTidings } from '../../../src/main.ts';
import { readSettings } from '../../../src/settings.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { runToEnd, startProcess } from '../../support/process.ts';
import { newDatabase, post } from '../../support/test-server.ts';

/** Runs statements on a database before Tidings uses it. */
async function prepare(url: string, ...statements: readonly string[]): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => undefined });
  for (const statement of statements) await client.unsafe(statement);
  await client.end();
}

test.each([
  ['bytea_output', 'escape'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_isolation', 'repeatable read'],
])('a database whose default of %s is %s works as any other', async (name, value) => {
  await using testDatabase = await newDatabase();
  const url = testDatabase.environment['DATABASE_URL']!;
  await prepare(url, `alter database ${new URL(url).pathname.slice(1)} set ${name} = '${value}'`);
  const adminKey = 'x'.repeat(22);
  const headers = { authorization: `Bearer ${adminKey}` };
  await using tidings = await startTidings({ ...readSettings(testDatabase.environment), port: 0, adminKey });
  const run = async (query: string): Promise<any> => {
    const { data, errors } = await post(tidings.url, query, {}, headers);
    expect(errors).toBeUndefined();
    return data;
  };
  const { createApiKey } = await run('mutation { createApiKey(input: {name: "k", permissions: [EMIT, READ]}) { secret } }');
  const emission = '{ emitEvents(input: [{id: "1", event: "a", resource: {id: "r"}, payload: {text: "é\\\\"}}]) { created } }';
  expect((await run(`mutation ${emission}`)).emitEvents.created).toBe(1);
  const { data } = await post(
    tidings.url,
    '{ events(filter: {event: {in: ["a"]}}) { nodes { id } } }',
    {},
    {
      authorization: `Bearer ${createApiKey.secret}`,
    },
  );
  expect(data.events.nodes).toEqual([{ id: '1' }]);
  await using store = await openStore(readSettings(testDatabase.environment));
  expect(await store.database.withConnection((client) => client.unsafe('show transaction_isolation'))).toEqual([
    { transaction_isolation: 'read committed' },
  ]);
});

test.each([
  ['tables', ['create table tidings.events (n int)']],
  ['a table of migrations in another form', ['create table tidings.migrations (n int)']],
])(
  'a start is rejected with one sentence if another program has a schema "tidings" with %s, which stays as it is',
  async (_, statements) => {
    await using testDatabase = await newDatabase();
    const url = testDatabase.environment['DATABASE_URL']!;
    await prepare(url, 'create schema tidings', ...statements);
    expect(await runToEnd(testDatabase.environment)).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^DATABASE_URL: the schema "tidings" of the database belongs to another program: .* rename that schema\.\n$/,
      ),
    });
    const client = postgres(url, { max: 1 });
    expect(await client`select count(*)::int from pg_class where relnamespace = 'tidings'::regnamespace`).toEqual([{ count: 1 }]);
    await client.end();
  },
);

test('an empty schema "tidings", made for a user that may not create one, is used', async () => {
  await using testDatabase = await newDatabase();
  await prepare(testDatabase.environment['DATABASE_URL']!, 'create schema tidings');
  const { child } = await startProcess(testDatabase.environment);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
