import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { startTidings } from '../../../src/main.ts';
import { readSettings } from '../../../src/settings.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { adminKey, bearer, makeKey } from '../../support/keys.ts';
import { listenTo, newDatabase } from '../../support/test-server.ts';

const creation = 'mutation ($filter: EventFilter) { createApiKey(input: { name: "k", filter: $filter }) { key { visibleEvents } } }';

test('a key whose filter lost its condition is not created, over HTTP and WebSocket, and a stored one sees nothing', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings({ ...testDatabase.environment, PORT: '0', TIDINGS_ADMIN_KEY: adminKey, TIDINGS_LOG_LEVEL: 'silent' });
  const made: Record<string, string> = {};
  {
    await using tidings = await startTidings(settings);
    const admin = bearer(tidings.url, adminKey);
    const withVariable =
      'mutation ($p: [String!]) { createApiKey(input: { name: "k", filter: { resource: { id: { startsWith: $p } } } }) { secret } }';
    const client = admin.socket();
    try {
      for (const [query, variables, path] of [
        [withVariable, {}, ['input', 'filter', 'resource', 'id']],
        [withVariable, { p: null }, ['input', 'filter', 'resource', 'id']],
        [withVariable, { p: [''] }, ['input', 'filter', 'resource', 'id', 'startsWith']],
        [creation, { filter: {} }, ['input', 'filter']],
        [creation, { filter: { payload: [{ path: 'a' }] } }, ['input', 'filter', 'payload', '0']],
        [creation, { filter: { or: [{ id: ['a'] }, {}] } }, ['input', 'filter', 'or', '1']],
      ] as const) {
        const expected = [expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_FILTER', path }) })];
        expect((await admin.execute(query, variables)).errors).toEqual(expected);
        for await (const result of client.iterate({ query, variables })) expect(result.errors).toEqual(expected);
      }
    } finally {
      await client.dispose();
    }
    const { apiKeys } = await admin.data('{ apiKeys { id } }');
    expect(apiKeys).toEqual([]);
    for (const name of ['newer', 'broken', 'good']) {
      const key = await makeKey(tidings.url, { name, filter: { event: { in: ['acme.done'] } } });
      made[name] = key.secret;
    }
    await admin.data('mutation { createApiKey(input: { name: "e", permissions: [EMIT] }) { secret } }');
  }
  {
    await using store = await openStore(settings);
    await store.database.rows(sql`update tidings.api_keys set filter = '{"severity":{"in":["low"]}}' where name = 'newer'`);
    await store.database.rows(sql`update tidings.api_keys set filter = '{"event"' where name = 'broken'`);
  }
  await using tidings = await startTidings(settings);
  const admin = bearer(tidings.url, adminKey);
  const { apiKeys } = await admin.data('{ apiKeys { name visibleEvents filter } }');
  expect(Object.fromEntries(apiKeys.map(({ name, ...rest }: { name: string }) => [name, Object.values(rest)]))).toEqual({
    newer: [
      'no event, because the stored filter is invalid: filter.severity: expected a known field, got an unknown one',
      { severity: { in: ['low'] } },
    ],
    broken: ['no event, because the stored filter is invalid: filter: expected JSON, got other text', '{"event"'],
    good: ['the event is "acme.done"', { event: { in: ['acme.done'] } }],
    e: ['no event', null],
  });
  const { head } = await admin.data('{ head }');
  for (const name of ['newer', 'broken', 'good']) {
    const emission = `mutation { emitEvent(input: { id: "${name}", event: "acme.done", resource: { id: "acme.r" } }) { status } }`;
    const holder = bearer(tidings.url, made[name]!);
    await holder.data(emission);
    const until = (await admin.data('{ head }')).head;
    const visible = name === 'good' ? ['newer', 'broken', 'good'] : [];
    const { events, event } = await holder.data('{ events(order: LOG) { nodes { id } } event(id: "newer") { id } }');
    expect([events.nodes, event]).toEqual([visible.map((id) => ({ id })), name === 'good' ? { id: 'newer' } : null]);
    const client = holder.socket();
    try {
      const stream =
        'subscription ($after: Cursor, $until: Cursor) { eventStream(after: $after, until: $until) { ... on EventBatch { events { id } } } }';
      const received: string[] = [];
      for await (const { data } of listenTo(client, stream, { after: head, until })) {
        for (const { id } of data.eventStream.events ?? []) received.push(id);
      }
      expect(received).toEqual(visible);
    } finally {
      await client.dispose();
    }
  }
});
