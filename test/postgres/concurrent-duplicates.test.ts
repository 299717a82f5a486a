import postgres from 'postgres';
import { expect, test } from 'vitest';
import { startTidings } from '../../src/main.ts';
import { readSettings } from '../../src/settings.ts';
import { startProcess } from '../support/emitting.ts';
import { newDatabase, post, startTestServer } from '../support/test-server.ts';

const mutation = `mutation ($input: [EventInput!]!, $onError: BatchErrorPolicy) {
  emitEvents(input: $input, onError: $onError) { results { status event { id event } userErrors { code } } } }`;

test('the same events sent by 16 clients to 2 processes at once exist once, and other content is always caught', async () => {
  await using server = await startTestServer();
  await using second = await startTidings(readSettings(server.environment));
  const event = (id: string, content: string): object => ({ id, event: content, occurred: '2026-01-01T00:00:00Z', resource: { id: 'r' } });
  const rounds = 12;
  const results: { readonly id: string; readonly content: string; readonly status: string; readonly stored: any; readonly code: any }[] =
    [];
  const client = async (n: number): Promise<void> => {
    const url = n % 2 === 0 ? server.tidings.url : second.url;
    for (let round = 0; round < rounds; round += 1) {
      // Every fourth client sends other content; half of them in another order, one by one or all
      // at once.
      const content = n % 4 === 3 ? 'other' : 'first';
      const ids = Array.from({ length: 5 }, (_, index) => `${round}-${index}`);
      const input = (n % 8 < 4 ? ids : ids.toReversed()).map((id) => event(id, content));
      const batches = n % 3 === 0 ? input.map((each) => [each]) : [input];
      const responses = await Promise.all(batches.map((batch) => post(url, mutation, { input: batch, onError: 'SKIP_REJECTED' })));
      for (const [index, response] of responses.entries()) {
        expect(response.errors).toBeUndefined();
        for (const [at, { status, event: stored, userErrors }] of response.data.emitEvents.results.entries()) {
          results.push({ id: (batches[index]![at] as { id: string }).id, content, status, stored, code: userErrors[0]?.code });
        }
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, n) => client(n)));
  const { events } = await server.data('{ events(first: 1000) { totalCount { count } nodes { id event } } }');
  expect(events.totalCount.count).toBe(rounds * 5);
  const kept = new Map<string, string>(events.nodes.map((node: any) => [node.id, node.event]));
  expect(results).toHaveLength(16 * rounds * 5);
  for (const id of kept.keys()) {
    expect(results.filter((each) => each.id === id && each.status === 'CREATED')).toHaveLength(1);
  }
  for (const { id, content, status, stored, code } of results) {
    const agrees = kept.get(id) === content;
    expect(code ?? null).toBe(agrees ? null : 'ID_CONFLICT');
    expect(stored).toEqual(agrees ? { id, event: content } : null);
    expect(status === 'REJECTED').toBe(!agrees);
  }
});

test('a batch that deadlocks with a foreign transaction is stored after that has ended, and no client notices', async () => {
  await using testDatabase = await newDatabase();
  await using process = await startProcess(testDatabase.environment);
  const client = postgres(testDatabase.environment['DATABASE_URL']!, { max: 2, onnotice: () => undefined });
  try {
    const foreign = await client.reserve();
    const take = (id: string): Promise<unknown> =>
      Promise.resolve(foreign`insert into tidings.event_ids (key, position) values (tidings.event_key(${id}), -1)`);
    await foreign`set deadlock_timeout = '1min'`; // so that Postgres aborts the batch
    await foreign`begin`;
    await take('b');
    const emission = process.emit([
      { id: 'a', event: 'e', resource: { id: 'r' } },
      { id: 'b', event: 'e', resource: { id: 'r' } },
    ]);
    const waiting = async (): Promise<number> =>
      (await client`select 1 from pg_locks where not granted and locktype = 'transactionid'`).length;
    await expect.poll(waiting, { timeout: 20_000 }).toBe(1);
    await take('a'); // waits for the batch, which waits for this
    await foreign`rollback`;
    foreign.release();
    expect((await emission).outcomes.map(({ status }) => status)).toEqual(['CREATED', 'CREATED']);
  } finally {
    await client.end({ timeout: 1 });
  }
});
