import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import { startTidings } from '../../../src/main.ts';
import { listenTo, newDatabase, onPostgres, post, socketTo } from '../../support/test-server.ts';

type Environment = Readonly<Record<string, string>>;

/** A copy of a database without connections, as a restored backup is. */
async function copyOf(environment: Environment): Promise<{ readonly environment: Environment } & AsyncDisposable> {
  if (!onPostgres) {
    const folder = join(dirname(environment['DATA_DIR']!), `copy-${Date.now()}`);
    cpSync(environment['DATA_DIR']!, folder, { recursive: true, filter: (path) => !path.endsWith('.lock') });
    return { environment: { DATA_DIR: folder }, [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }) };
  }
  const address = new URL(environment['DATABASE_URL']!);
  const name = address.pathname.slice(1);
  const admin = postgres(new URL('/postgres', address).href, { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}_copy template ${name}`);
  return {
    environment: { DATABASE_URL: new URL(`/${name}_copy`, address).href },
    async [Symbol.asyncDispose]() {
      await admin.unsafe(`drop database ${name}_copy with (force)`);
      await admin.end();
    },
  };
}

test('a restored copy resumes from the cursors that it knows, and rejects later ones of the log that it was copied from', async () => {
  await using testDatabase = await newDatabase();
  const emit = async (url: string, id: string): Promise<string> =>
    (await post(url, 'mutation ($id: ID) { emitEvent(input: {id: $id, event: "a", resource: {id: "r"}}) { event { cursor } } }', { id }))
      .data.emitEvent.event.cursor;
  const after = (url: string, cursor: string): Promise<any> =>
    post(url, 'query ($after: Cursor) { events(order: LOG, after: $after) { nodes { id cursor } } }', { after: cursor });
  const start = (environment: Environment) => startTidings(readSettings({ ...environment, PORT: '0' }));

  let known: string;
  {
    await using first = await start(testDatabase.environment);
    known = await emit(first.url, 'before-1');
    await emit(first.url, 'before-2');
  }
  await using copy = await copyOf(testDatabase.environment);
  await using original = await start(testDatabase.environment);
  await using restored = await start(copy.environment);
  const lost = await emit(original.url, 'only-in-the-original');
  await emit(restored.url, 'only-in-the-copy');
  await emit(restored.url, 'only-in-the-copy-2');

  expect((await after(original.url, known)).data.events.nodes.map((node: any) => node.id)).toEqual(['before-2', 'only-in-the-original']);
  const found = (await after(restored.url, known)).data.events.nodes;
  expect(found.map((node: any) => node.id)).toEqual(['before-2', 'only-in-the-copy', 'only-in-the-copy-2']);
  for (const [url, cursor] of [[restored.url, lost] as const, [original.url, found[1].cursor] as const]) {
    expect((await after(url, cursor)).errors[0].extensions.code).toBe('CURSOR_EXPIRED');
  }

  // A stream reports a gap instead, and resumes where the two logs diverge.
  const client = socketTo(restored.url);
  const query = `subscription ($after: Cursor) { eventStream(after: $after) {
    ... on Gap { from to reason } ... on EventBatch { events { id } previous } } }`;
  const messages = listenTo(client, query, { after: lost });
  const [gap, batch] = [await messages.next(), await messages.next()].map(({ value }) => value.data.eventStream);
  expect(gap).toMatchObject({ from: lost, reason: 'LOG_REPLACED' });
  expect(batch).toEqual({ events: [{ id: 'only-in-the-copy' }, { id: 'only-in-the-copy-2' }], previous: gap.to });
  await client.dispose();
});
