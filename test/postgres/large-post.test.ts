import { once } from 'node:events';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { startDatabaseProxy } from '../support/database/database-proxy.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { newDatabase } from '../support/test-server.ts';

const many = 20_000;
const pollOptions = { timeout: 20_000, interval: 20 };

async function post({ url }: ServerProcess, count: number): Promise<number> {
  const events = Array.from({ length: count }, (_, n) => ({
    id: `e-${n}`,
    occurred: '2026-11-23T14:41:10.863461Z',
    event: 'acme.job.done',
    resource: { 'prefect.resource.id': `job.${n % 50}` },
  }));
  const body = JSON.stringify(events);
  const response = await fetch(`${url}/api/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return response.status;
}

async function kill({ child }: ServerProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** A database with a connection beside the server, and servers that end with the test. */
async function openStage(stack: AsyncDisposableStack) {
  const { environment } = stack.use(await newDatabase());
  const url = environment['DATABASE_URL']!;
  const sql = postgres(url, { max: 2, onnotice: () => undefined });
  stack.defer(() => sql.end());
  return {
    url,
    sql,
    start: async (databaseUrl = url): Promise<ServerProcess> => {
      const server = await startProcess({ DATABASE_URL: databaseUrl });
      stack.defer(async () => {
        if (server.child.exitCode === null && server.child.signalCode === null) await kill(server);
      });
      return server;
    },
    stored: async (): Promise<number> => Number((await sql`select count(*) from tidings.events`)[0]!['count']),
  };
}

test(`if the server is killed while it stores ${many} events, none is visible`, async () => {
  await using stack = new AsyncDisposableStack();
  const { sql, start, stored } = await openStage(stack);
  const first = await start();
  // A transaction that uses the id of one event blocks the request in the middle.
  const holder = await sql.reserve();
  await holder`begin`;
  await holder`insert into tidings.event_ids (key, position) values (tidings.event_key('e-15000'), 0)`;
  const posting = post(first, many).catch(() => 'no answer');
  const waiting = async (): Promise<number[]> =>
    (await sql`select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).map(({ pid }) => pid);
  await expect.poll(waiting, pollOptions).toHaveLength(1);
  await kill(first);
  expect(await posting).toBe('no answer');
  expect(await stored()).toBe(0);

  const [pid] = await waiting();
  await sql`select pg_terminate_backend(${pid!})`; // it notices only at its end that its client is gone
  await holder`rollback`;
  holder.release();
  await expect.poll(waiting, pollOptions).toEqual([]);
  expect(await stored()).toBe(0);
  expect(await post(await start(), many)).toBe(204);
  expect(await stored()).toBe(many);
});

test('if the server is killed after the commit of 2,000 events, all are stored, and sending them again adds none', async () => {
  await using stack = new AsyncDisposableStack();
  const { url, start, stored } = await openStage(stack);
  const proxy = stack.use(await startDatabaseProxy(url));
  const first = await start(proxy.url);
  proxy.silence('e-1999"');
  const posting = post(first, 2000).catch(() => 'no answer');
  await expect.poll(stored, pollOptions).toBe(2000);
  await kill(first);
  expect(await posting).toBe('no answer');
  expect(await post(await start(), 2000)).toBe(204);
  expect(await stored()).toBe(2000);
});

test('the largest request can be sent twice', async () => {
  await using stack = new AsyncDisposableStack();
  const { start, stored } = await openStage(stack);
  const server = await start();
  for (const _ of ['first', 'again']) expect(await post(server, 50_000)).toBe(204);
  expect(await stored()).toBe(50_000);
});
