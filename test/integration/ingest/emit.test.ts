import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const batch = `mutation ($input: [EventInput!]!, $onError: BatchErrorPolicy) {
  emitEvents(input: $input, onError: $onError) {
    created duplicates rejected head
    results { index status event { id event occurred payload resource { resourceId labels } } userErrors { code message field } }
  }
}`;

const emit = async (input: readonly object[], onError?: string): Promise<any> => (await server.data(batch, { input, onError })).emitEvents;
const event = (id: string, more: object = {}): object => ({
  id,
  event: 'a.b',
  occurred: '2026-01-01T00:00:00Z',
  resource: { id: 'r' },
  ...more,
});
const stored = async (id: string): Promise<any> => (await server.data('query ($id: ID!) { event(id: $id) { id payload } }', { id })).event;

describe('an event', () => {
  test('is returned as it was emitted, with times to the microsecond and in UTC', async () => {
    const input = {
      id: 'whole',
      event: 'acme.order.shipped',
      occurred: '2026-03-29T02:30:00.123456789+02:00',
      resource: { id: 'acme.order.1', name: 'Order 1', labels: { region: 'eu', empty: '' } },
      related: [
        { id: 'acme.user.kiki', role: 'actor', name: 'Kiki' },
        { id: 'acme.user.kiki', role: 'actor', labels: { again: 'yes' } },
      ],
      payload: { z: [1, 2.5, null, true, { ü: '💌' }], a: 'text', ['__proto__']: { polluted: true } },
      follows: 'unknown',
    };
    await emit([input]);
    const { event: found } = await server.data(`{ event(id: "whole") {
      id event occurred received resource { resourceId name labels label(key: "region") missing: label(key: "x") self: label(key: "prefect.resource.id") }
      related { resourceId role name labels } actors: related(role: ["actor"]) { role } none: related(role: []) { role }
      payload deep: payloadAt(path: "z.4.\\"ü\\"") absent: payloadAt(path: "z.9") followsId follows { id } } }`);
    expect(found).toMatchObject({
      id: 'whole',
      event: 'acme.order.shipped',
      occurred: '2026-03-29T00:30:00.123456Z',
      resource: {
        resourceId: 'acme.order.1',
        name: 'Order 1',
        labels: { region: 'eu', empty: '', 'prefect.resource.name': 'Order 1' },
        label: 'eu',
        missing: null,
        self: 'acme.order.1',
      },
      related: [
        { resourceId: 'acme.user.kiki', role: 'actor', name: 'Kiki', labels: { 'prefect.resource.name': 'Kiki' } },
        { resourceId: 'acme.user.kiki', role: 'actor', name: null, labels: { again: 'yes' } },
      ],
      actors: [{ role: 'actor' }, { role: 'actor' }],
      none: [],
      deep: '💌',
      absent: null,
      followsId: 'unknown',
      follows: null,
    });
    expect(JSON.stringify(found.payload)).toContain('"__proto__":{"polluted":true}');
    expect(found.received).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  test('gets a UUIDv7 and the current time when it has neither', async () => {
    const before = new Date().toISOString();
    const { emitEvent } = await server.data(
      'mutation { emitEvent(input: {event: "a", resource: {id: "r"}}) { index status event { id occurred received payload } userErrors { code } } }',
    );
    expect(emitEvent).toMatchObject({ index: 0, status: 'CREATED', userErrors: [], event: { payload: {} } });
    expect(emitEvent.event.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(emitEvent.event.occurred).toBe(emitEvent.event.received);
    expect(Math.abs(Date.parse(emitEvent.event.occurred) - Date.parse(before))).toBeLessThan(60_000);
  });

  test.each(['0000-01-01T00:00:00.000000Z', '0001-12-31T23:59:59.999999Z', '1970-01-01T00:00:00.000001Z', '9999-12-31T23:59:59.999999Z'])(
    'keeps the time %s',
    async (occurred) => {
      await emit([event(occurred, { occurred })]);
      const { event: found } = await server.data('query ($id: ID!) { event(id: $id) { occurred } }', { id: occurred });
      expect(found.occurred).toBe(occurred);
    },
  );

  test.each([
    'x',
    '01a209ca-b3e8-7588-9c4a-136d34f01ec8',
    '01A209CA-B3E8-7588-9C4A-136D34F01EC8',
    'fifteen-chars-x',
    'sixteen-chars-xx',
    '💌'.repeat(255),
    "'; drop table--",
    '\\x00',
  ])('may have the id %s', async (id) => {
    expect((await emit([event(id)])).created).toBe(1);
    expect((await emit([event(id)])).duplicates).toBe(1);
    expect((await stored(id)).id).toBe(id);
  });

  test('may have the longest name, ids and role in characters of four bytes', async () => {
    const long = [...'𝔸𝔹ℂ𝔻𝔼𝔽𝔾ℍ'].join('').repeat(128);
    const letters = Array.from({ length: 1024 }, (_, index) => String.fromCodePoint(0x20000 + ((index * 7919) % 40_000))).join('');
    const { created } = await emit([event('long', { event: long, resource: { id: letters }, related: [{ id: letters, role: letters }] })]);
    expect(created).toBe(1);
    const { resource } = await server.data('query ($id: ID!) { resource(id: $id) { id events(involvement: PRIMARY) { nodes { id } } } }', {
      id: letters,
    });
    expect(resource).toEqual({ id: letters, events: { nodes: [{ id: 'long' }] } });
  });
});

describe('the same id again', () => {
  test('with the same content is a duplicate, and the stored event is returned', async () => {
    await emit([event('twice', { payload: { n: 1, o: { b: 1, a: 2 } } })]);
    const again = await emit([event('twice', { payload: { o: { a: 2, b: 1.0 }, n: 1.0 } }), event('twice-other')]);
    expect(again).toMatchObject({ created: 1, duplicates: 1, rejected: 0 });
    expect(again.results[0]).toMatchObject({ index: 0, status: 'DUPLICATE', event: { id: 'twice', payload: { n: 1 } } });
  });

  test('is a duplicate of any stored content where occurred and payload are left out', async () => {
    await emit([event('sparse', { payload: { n: 1 } })]);
    expect((await emit([{ id: 'sparse', event: 'a.b', resource: { id: 'r' } }])).duplicates).toBe(1);
  });

  test('with other content is a conflict that names the fields, and leaves the stored event unchanged', async () => {
    await emit([event('conflict', { payload: { n: 1 } })]);
    const other = {
      event: 'other',
      occurred: '2027-01-01T00:00:00Z',
      resource: { id: 'r2' },
      related: [{ id: 'x', role: 'y' }],
      payload: { n: 2 },
      follows: 'z',
    };
    const { results, created } = await emit([event('before'), event('conflict', other)], 'SKIP_REJECTED');
    expect(created).toBe(1);
    expect(results[1]).toMatchObject({
      status: 'REJECTED',
      event: null,
      userErrors: [{ code: 'ID_CONFLICT', field: ['input', '1', 'id'] }],
    });
    for (const field of ['occurred', 'event', 'resource', 'related', 'payload', 'follows']) {
      expect(results[1].userErrors[0].message).toContain(field);
    }
    expect((await stored('conflict')).payload).toEqual({ n: 1 });
  });

  test('inside one batch is a duplicate or a conflict of its first copy', async () => {
    const same = await emit([event('copy'), event('copy'), event('copy', { event: 'other' })], 'SKIP_REJECTED');
    expect(same.results.map((each: any) => each.status)).toEqual(['CREATED', 'DUPLICATE', 'REJECTED']);
    const rejectedBatch = await emit([event('copy2'), event('copy2', { event: 'other' })]);
    expect(rejectedBatch.results.map((each: any) => each.userErrors[0].code)).toEqual(['BATCH_REJECTED', 'ID_CONFLICT']);
    expect(await stored('copy2')).toBeNull();
  });

  test('emitted by many requests at once is created once', async () => {
    const all = await Promise.all(
      Array.from({ length: 16 }, () => emit([event('race-a'), event('race-b')].toSorted(() => Math.random() - 0.5))),
    );
    expect(all.reduce((sum, each) => sum + each.created, 0)).toBe(2);
    expect(all.reduce((sum, each) => sum + each.duplicates, 0)).toBe(30);
  });
});

describe('a batch', () => {
  test('with REJECT_ALL stores nothing when one event is invalid or in conflict', async () => {
    const byRule = await emit([event('all-1'), event('', { resource: { id: 'r', labels: { a: 1 } } })]);
    expect(byRule).toMatchObject({ created: 0, rejected: 2 });
    expect(byRule.results[0].userErrors).toEqual([expect.objectContaining({ code: 'BATCH_REJECTED', field: ['input', '0'] })]);
    expect(byRule.results[1].userErrors.map((each: any) => [each.code, each.field.join('.')])).toEqual([
      ['REQUIRED', 'input.1.id'],
      ['INVALID', 'input.1.resource.labels.a'],
    ]);
    await emit([event('taken')]);
    const byConflict = await emit([event('all-1'), event('taken', { event: 'other' })]);
    expect(byConflict).toMatchObject({ created: 0, rejected: 2 });
    expect(await stored('all-1')).toBeNull();
  });

  test('with SKIP_REJECTED stores the valid events in order', async () => {
    const { results, created, rejected } = await emit(
      [event('skip-1'), event('skip-2', { payload: { bad: ['\u0000'] } }), event('skip-3', { occurred: 'yesterday' }), event('skip-4')],
      'SKIP_REJECTED',
    );
    expect([created, rejected]).toEqual([2, 2]);
    expect(results[1].userErrors[0].field).toEqual(['input', '1', 'payload', 'bad', '0']);
    expect(results[2].userErrors[0].field).toEqual(['input', '2', 'occurred']);
    const { events } = await server.data('{ events(order: LOG, filter: {id: ["skip-4", "skip-2", "skip-1"]}) { nodes { id } } }');
    expect(events.nodes).toEqual([{ id: 'skip-1' }, { id: 'skip-4' }]);
  });

  test('may be empty, and may not be larger than the limit', async () => {
    expect(await emit([])).toMatchObject({ created: 0, results: [] });
    const { errors } = await server.execute(batch, { input: Array.from({ length: 1001 }, (_, index) => event(`many-${index}`)) });
    expect(errors?.[0]?.extensions?.code).toBe('LIMIT_EXCEEDED');
  });

  test('is visible to the fields that the same mutation resolves next, at a head that includes it', async () => {
    const { emitEvents } = await server.data(
      `mutation { emitEvents(input: [{id: "first", event: "a", resource: {id: "own"}}, {id: "next", event: "b", resource: {id: "own"}, follows: "first"}]) {
        head results { event { cursor followers { nodes { id } head } resource { resource { events { nodes { id } } } } } } } }`,
    );
    expect(emitEvents.results[0].event.followers.nodes).toEqual([{ id: 'next' }]);
    expect(emitEvents.results[1].event.resource.resource.events.nodes).toHaveLength(2);
    expect(emitEvents.results[1].event.cursor).toBe(emitEvents.head);
  });
});
