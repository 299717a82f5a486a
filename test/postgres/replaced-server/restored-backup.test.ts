import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import pino from 'pino';
import postgres from 'postgres';
import { expect, inject, test } from 'vitest';
import { startTidings } from '../../../src/main.ts';
import { readSettings } from '../../../src/settings.ts';
import { startPostgres } from '../../support/database/postgres-server.ts';
import { openLiveClient } from '../../support/live-client.ts';
import { post } from '../../support/test-server.ts';

const pollOptions = { timeout: 20_000, interval: 20 };

test('a running server whose database is replaced by a backup begins a new epoch, and sends requests UNAVAILABLE meanwhile', async () => {
  await using stack = new AsyncDisposableStack();
  const [name, backup] = [`t_${randomUUID().replaceAll('-', '')}`, `t_${randomUUID().replaceAll('-', '')}`];
  const url = (database: string): string => `postgres://tidings@127.0.0.1:${inject('postgresPort')}/${database}`;
  const admin = postgres(url('postgres'), { max: 1, onnotice: () => undefined });
  stack.defer(() => admin.end());
  for (const each of [name, backup]) stack.defer(async () => void (await admin.unsafe(`drop database if exists ${each} with (force)`)));
  await admin.unsafe(`create database ${name}`);
  const start = async () => startTidings(readSettings({ DATABASE_URL: url(name), PORT: '0' }), pino({ level: 'silent' }));

  const before = await start();
  await emit(before.url, 'kept');
  await before[Symbol.asyncDispose]();
  await admin.unsafe(`create database ${backup} template ${name}`);

  const tidings = stack.use(await start());
  const kept = await head(tidings.url);
  await emit(tidings.url, 'lost');
  const lost = await head(tidings.url);
  const client = stack.use(await openLiveClient(tidings.url, kept));
  await admin.unsafe(`drop database ${name} with (force)`);
  const unavailable = { status: 503, errors: [{ extensions: { code: 'UNAVAILABLE' } }] };
  await expect.poll(() => post(tidings.url, '{ head }'), pollOptions).toMatchObject(unavailable);
  expect((await fetch(`${tidings.url}/readyz`)).status).toBe(503);
  await admin.unsafe(`create database ${name} template ${backup}`);

  expect(await client.disconnected).toEqual({ code: 1012, sse: 'cut' });
  await emit(tidings.url, 'new');
  const resumed = stack.use(await openLiveClient(tidings.url, kept));
  await expect.poll(() => resumed.events.map(({ id }) => id), pollOptions).toEqual(['new']);
  const beyond = stack.use(await openLiveClient(tidings.url, lost));
  const messages = (): string[] => beyond.stream.flatMap(({ reason, events = [] }) => reason ?? events.map(({ id }: any) => id));
  await expect.poll(messages, pollOptions).toEqual(['LOG_REPLACED', 'new']);
  expect(beyond.events).toMatchObject([{ extensions: { code: 'CURSOR_EXPIRED' } }]);
  expect(await (await fetch(`${tidings.url}/metrics`)).text()).toMatch(/^tidings_unexpected_errors_total 0$/m);
});

test('a running server notices that its database continues from a copy of its files, on the same timeline', async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startPostgres());
  const inData = (script: string): unknown => execFileSync('sh', ['-c', script], { ...server.owner, cwd: server.data });
  const tidings = stack.use(
    await startTidings(readSettings({ DATABASE_URL: server.url('postgres'), PORT: '0' }), pino({ level: 'silent' })),
  );
  await emit(tidings.url, 'kept');
  const kept = await head(tidings.url);
  await server.stop('fast');
  inData('mkdir copy && for each in *; do [ "$each" = copy ] || cp -R "$each" copy; done');
  await server.restart();
  const emitLost = (): Promise<unknown> =>
    emit(tidings.url, 'lost').then(
      () => 'stored',
      () => 'not stored',
    );
  await expect.poll(emitLost, pollOptions).toBe('stored');
  const lost = await head(tidings.url);
  const client = stack.use(await openLiveClient(tidings.url, kept));

  await server.stop('fast');
  inData('for each in *; do [ "$each" = copy ] || rm -R "$each"; done; mv copy/* .');
  await server.restart();
  expect(await client.disconnected).toEqual({ code: 1012, sse: 'cut' });
  await emit(tidings.url, 'new');
  const resumed = stack.use(await openLiveClient(tidings.url, kept));
  await expect.poll(() => resumed.events.map(({ id }) => id), pollOptions).toEqual(['new']);
  const beyond = stack.use(await openLiveClient(tidings.url, lost));
  await expect.poll(() => beyond.events, pollOptions).toMatchObject([{ extensions: { code: 'CURSOR_EXPIRED' } }]);
});

async function emit(url: string, id: string): Promise<void> {
  const mutation = 'mutation ($id: ID!) { emitEvent(input: { id: $id, event: "e", resource: { id: "r" } }) { status } }';
  expect(await post(url, mutation, { id })).toMatchObject({ data: { emitEvent: { status: 'CREATED' } } });
}

async function head(url: string): Promise<string> {
  return (await post(url, '{ head }')).data.head;
}
