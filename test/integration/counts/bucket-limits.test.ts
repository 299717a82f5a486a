import { expect, test } from 'vitest';
import { parseCountBy, type CountByInput } from '../../../src/counts/dimensions.ts';
import { origin } from '../../../src/event/cursor.ts';
import { everything } from '../../../src/filter/filter.ts';
import { readSettings } from '../../../src/settings.ts';
import { readCounts } from '../../../src/store/counts/count-events.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { draftOf } from '../../unit/support/valid-event.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { listenTo, newDatabase, startTestServer } from '../../support/test-server.ts';

/** An event in `each` buckets for each of these roles. */
const eventWith = (roles: readonly string[], each: number): object => ({
  event: 'a',
  resource: { id: 'r' },
  related: roles.flatMap((role) => Array.from({ length: each }, (_, n) => ({ role, id: `${role}.${n}` }))),
});
const byRoles = (...roles: readonly string[]): readonly CountByInput[] => roles.map((role) => ({ role: { role } }));
const tooMany = { extensions: { code: 'LIMIT_EXCEEDED', path: ['by'] } };

test('an event in more than 1,000 buckets is LIMIT_EXCEEDED, in SQL and by columns', async () => {
  await using testDatabase = await newDatabase();
  await using store = await openStore(readSettings(testDatabase.environment));
  const { database } = store;
  const drafts = [eventWith(['p', 'q', 'r', 's', 't'], 20), eventWith(['x', 'y', 'z'], 10)].map((event, n) =>
    draftOf({ ...event, id: `e${n}` }),
  );
  await appendEvents(database, drafts, 'REJECT_ALL');
  const head = await readHead(database);
  const count = (...roles: readonly string[]) =>
    readCounts(database, { filter: everything, dimensions: parseCountBy(byRoles(...roles), ['by']), head });
  for (const indexed of [false, true]) {
    if (indexed)
      await indexEvents(database, (await readLog(database, { after: origin, head, limit: 10 })).events, { block: 2, rowGroup: 2 });
    await expect(count('p', 'q', 'r'), `indexed: ${indexed}`).rejects.toThrow(/^by: expected events in at most 1000 buckets each/);
    await expect(count('p', 'q', 'r', 's', 't')).rejects.toThrow(/^by: expected events in at most 1000 buckets each/);
    expect((await count('x', 'y', 'z')).size).toBe(1001); // and the bucket of the other event
    expect((await count('p', 'q')).total).toBe(2);
  }
});

test('equal dimensions are rejected over HTTP and WebSocket, and an event in too many buckets ends a live count', async () => {
  await using server = await startTestServer();
  const by = {
    query: 'query ($by: [CountBy!]!) { eventCounts(by: $by) { total } }',
    live: 'subscription ($by: [CountBy!]!) { eventCounts(by: $by) { total } }',
  };
  const twice = [{ event: {} }, { payload: { path: 'a.b' } }, { payload: { path: '"a".b' } }];
  const expected = [
    expect.objectContaining({
      message: 'by.2: expected another dimension than by.1, got an equal one',
      extensions: { code: 'BAD_USER_INPUT', path: ['by', '2'] },
    }),
  ];
  expect((await server.execute(by.query, { by: twice })).errors).toEqual(expected);
  const client = server.socket();
  expect((await listenTo(client, by.live, { by: twice }).next()).value.errors).toEqual(expected);

  const live = listenTo(client, by.live, { by: byRoles('p', 'q', 'r', 's') });
  expect((await live.next()).value.data.eventCounts.total).toBe(0);
  const emission = 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }';
  await server.data(emission, { input: eventWith(['p', 'q', 'r', 's'], 25) });
  expect((await live.next()).value.errors[0]).toMatchObject(tooMany);
  expect((await server.execute(by.query, { by: byRoles('p', 'q', 'r', 's') })).errors![0]).toMatchObject(tooMany);
});
