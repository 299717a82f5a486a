import { expect, test } from 'vitest';
import { startDatabaseProxy } from '../support/database/database-proxy.ts';
import { emit, startEndurance } from '../support/endurance.ts';
import { startPostgres } from '../support/database/postgres-server.ts';

const pollOptions = { timeout: 20_000, interval: 50 };
const unavailable = [{ extensions: { code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) } }];

test('an emission whose connection is cut can be repeated, whether or not it was committed', async () => {
  await using server = await startPostgres();
  await using proxy = await startDatabaseProxy(server.url('postgres'));
  await using endurance = await startEndurance({ DATABASE_URL: proxy.url });
  const { url, codes } = endurance;

  proxy.cutResponsesTo('committed-');
  proxy.cutBefore('never-sent-');
  expect((await emit(url, ['committed-1', 'committed-2'])).errors).toMatchObject(unavailable);
  expect((await emit(url, ['never-sent-1'])).errors).toMatchObject(unavailable);
  expect(proxy.cuts()).toBeGreaterThanOrEqual(2);
  proxy.cutResponsesTo('nothing more');
  proxy.cutBefore('nothing more');
  expect((await emit(url, ['committed-1', 'committed-2'])).data.emitEvents).toEqual({ created: 0, duplicates: 2 });
  expect((await emit(url, ['never-sent-1'])).data.emitEvents).toEqual({ created: 1, duplicates: 0 });

  // The requests of the writers too, at any moment.
  proxy.cutResponsesTo('some.thing');
  const cuts = proxy.cuts();
  await expect.poll(() => proxy.cuts(), pollOptions).toBeGreaterThan(cuts + 10);
  proxy.cutResponsesTo('nothing more');
  await endurance.verify(['committed-1', 'committed-2', 'never-sent-1']);
  expect([...codes]).toEqual(['UNAVAILABLE']);
  expect(await endurance.metric('tidings_unexpected_errors_total')).toBe(0);
});

test('connections that are accepted and closed at once count as an unreachable database', async () => {
  await using server = await startPostgres();
  await using proxy = await startDatabaseProxy(server.url('postgres'));
  await using endurance = await startEndurance({ DATABASE_URL: proxy.url });
  const { url, codes } = endurance;
  await expect.poll(() => endurance.acknowledged(), pollOptions).toBeGreaterThan(100);
  proxy.route('nowhere');
  await expect.poll(() => endurance.readiness(), pollOptions).toBe(503);
  expect((await emit(url, ['away'])).errors).toMatchObject(unavailable);
  proxy.route('to the server');
  await expect.poll(() => endurance.readiness(), pollOptions).toBe(200);
  const acknowledged = endurance.acknowledged();
  await expect.poll(() => endurance.acknowledged(), pollOptions).toBeGreaterThan(acknowledged + 100);
  await endurance.verify();
  expect([...codes]).toEqual(['UNAVAILABLE']);
});

test('a statement without an answer is abandoned, and its connection closed', async () => {
  await using server = await startPostgres();
  await using proxy = await startDatabaseProxy(server.url('postgres'));
  await using endurance = await startEndurance({ DATABASE_URL: proxy.url, TIDINGS_STATEMENT_TIMEOUT_MS: '1000' });
  await expect.poll(() => endurance.acknowledged(), pollOptions).toBeGreaterThan(10);
  proxy.silence('"silent"');
  expect((await emit(endurance.url, ['silent'])).errors).toMatchObject(unavailable);
  proxy.silence('nothing more');
  await endurance.verify(['silent']);
  // Writers get no other code, and may get none: the statement may have held that one request only.
  for (const code of endurance.codes) expect(code).toBe('UNAVAILABLE');
});
