import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestPrefect, document, openPrefect } from '../../support/protocols/prefect.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await startTestServer();
  url = server.tidings.url;
});
afterAll(() => server[Symbol.asyncDispose]());

async function post(...documents: object[]): Promise<void> {
  expect((await requestPrefect(url, 'events', documents)).status).toBe(204);
}

function names(messages: any[]): string[] {
  return messages.map(({ type, event }) => `${type} ${event.event}`);
}

const nulls = { event: null, resource: null, related: null, any_resource: null, id: { id: [] }, text: null, order: 'DESC' };

test('stored events come first, ordered by occurred, then live events, each once', async () => {
  const at = (second: number): object => ({ occurred: `2026-11-20T00:00:0${second}Z` });
  await post(
    document('out.b', at(2)),
    document('out.a', at(1)),
    document('out.c', at(3)),
    document('out.early', { occurred: '2026-11-19T23:59:59Z' }),
  );
  using client = await openPrefect(url, 'out');
  const occurred = { since: '2026-11-20T00:00:01Z', until: '2030-01-01T00:00:00Z' };
  client.send({ type: 'filter', filter: { ...nulls, occurred, event: { prefix: ['out.'] } } });
  await client.firstMessages(3);
  await post(document('other'), document('out.live', at(0)), document('out.d', at(4)));
  expect(names(await client.firstMessages(4))).toEqual(['event out.a', 'event out.b', 'event out.c', 'event out.d']);
  expect(client.received[0].event).toMatchObject({
    resource: { 'prefect.resource.id': 'acme.job.7' },
    received: expect.stringMatching(/Z$/),
  });
});

test('without occurred and without backfill, only live events are sent; related is honoured', async () => {
  const related = [{ 'prefect.resource.id': 'user.k', 'prefect.resource.role': 'actor' }];
  await post(document('live.before', { related }));
  using client = await openPrefect(url, 'out');
  client.send({ type: 'filter', backfill: false, filter: { event: { prefix: ['live.'] }, related: { id: ['user.k'], role: ['actor'] } } });
  await client.settled();
  await expect
    .poll(async () => {
      await post(document('live.other'), document('live.mine', { related }));
      return client.received.length;
    })
    .toBeGreaterThan(0);
  expect(new Set(names(client.received))).toEqual(new Set(['event live.mine']));
});

test.each([
  ['another message', { type: 'auth' }, "Expected 'filter' message"],
  [
    'a wrong filter',
    { type: 'filter', filter: { event: { prefix: 'text' } } },
    'Invalid filter: filter.event.prefix: expected a list, got "text"',
  ],
  ['an unknown key', { type: 'filter', filter: { [`x${'y'.repeat(300)}`]: 1 } }, expect.stringMatching(/^Invalid filter: .{1,106}$/)],
])('%s closes with 1002 and a reason', async (_what, message, reason) => {
  using client = await openPrefect(url, 'out');
  client.send(message);
  expect(await client.closed).toEqual([1002, reason]);
});

test('at a shutdown it closes with a code after which Prefect’s client reconnects', async () => {
  const own = await startTestServer();
  using client = await openPrefect(own.tidings.url, 'out');
  client.send({ type: 'filter', filter: {} });
  await client.settled();
  await own[Symbol.asyncDispose]();
  expect((await client.closed)[0]).toBe(1012);
});

test('an id that is not a UUID is shown as a UUID, and accepted as that UUID', async () => {
  await post(document('id.odd', { id: 'not a uuid', follows: 'another' }), document('id.even'));
  const queryEvents = async (filter: object): Promise<any> => (await requestPrefect(url, 'events/filter', { filter })).body;
  const { events } = await queryEvents({ event: { name: ['id.odd'] } });
  expect(events[0].id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const found = await queryEvents({ id: { id: [events[0].id] } });
  expect([found.total, found.events]).toEqual([1, events]);
  using client = await openPrefect(url, 'out');
  client.send({ type: 'filter', filter: { id: { id: [events[0].id] } } });
  expect((await client.firstMessages(1))[0].event).toEqual(events[0]);
});

test('pages continue from signed tokens, and a forged one is rejected', async () => {
  await post(...Array.from({ length: 25 }, (_, n) => document(`page.${n}`, { occurred: `2026-10-01T00:00:${10 + n}Z` })));
  const filter = { event: { prefix: ['page.'] }, order: 'ASC' };
  const seen: string[] = [];
  let { body } = await requestPrefect(url, 'events/filter', { filter, limit: 10 });
  const first: string = body.next_page;
  for (;;) {
    expect(body.total).toBe(25);
    seen.push(...body.events.map(({ event }: any) => event));
    if (body.next_page === null) break;
    ({ body } = await requestPrefect(url, body.next_page));
  }
  expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `page.${n}`));
  const forged = first.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
  for (const token of [forged, `${url}/api/events/filter/next`, `${url}/api/events/filter/next?page-token=AAAA`]) {
    expect((await requestPrefect(url, token)).status).toBe(403);
  }
  expect((await requestPrefect(url, 'events/filter', { limit: 1001 })).status).toBe(422);
});

test('distinct returns the newest event of each resource, or the oldest', async () => {
  const of = (resource: string, n: number): object =>
    document(`dist.${resource}.${n}`, { resource: { 'prefect.resource.id': `dist.${resource}` }, occurred: `2026-09-01T00:00:0${n}Z` });
  await post(of('x', 1), of('y', 2), of('x', 3), of('y', 4), of('z', 5), of('x', 6));
  const queryEvents = async (order: string): Promise<string[]> => {
    const filter = { resource: { id_prefix: ['dist.'], distinct: true }, order };
    let { body } = await requestPrefect(url, 'events/filter', { filter, limit: 2 });
    const all = [...body.events];
    expect(body.total).toBe(3);
    ({ body } = await requestPrefect(url, body.next_page));
    expect(body.next_page).toBeNull();
    return [...all, ...body.events].map(({ event }: any) => event);
  };
  expect(await queryEvents('DESC')).toEqual(['dist.x.6', 'dist.z.5', 'dist.y.4']);
  expect(await queryEvents('ASC')).toEqual(['dist.x.1', 'dist.y.2', 'dist.z.5']);
});

test('labels match one of several values, globs and negations, and never a missing label', async () => {
  const having = (name: string, labels: object): object =>
    document(`label.${name}`, { resource: { 'prefect.resource.id': `l.${name}`, ...labels } });
  await post(having('eu', { r: 'eu-1' }), having('us', { r: 'us' }), having('none', {}), having('slash', { r: String.raw`a\b` }));
  const queryEvents = async (labels: object): Promise<string[]> => {
    const { body } = await requestPrefect(url, 'events/filter', { filter: { event: { prefix: ['label.'] }, resource: { labels } } });
    return body.events.map(({ event }: any) => event.slice(6)).toSorted();
  };
  expect(await queryEvents({ r: 'eu-?' })).toEqual(['eu']);
  expect(await queryEvents({ r: ['us', 'eu*'] })).toEqual(['eu', 'us']);
  expect(await queryEvents({ r: '!us' })).toEqual(['eu', 'slash']);
  expect(await queryEvents({ r: ['!us', 'us'] })).toEqual(['eu', 'slash', 'us']);
  expect(await queryEvents({ r: String.raw`a\*` })).toEqual(['slash']);
  expect(await queryEvents({ r: [] })).toEqual([]);
  expect(await queryEvents({})).toEqual(['eu', 'none', 'slash', 'us']);
});

test('counts by time, day, event and resource', async () => {
  const of = (second: string, name: string, resource: string): object =>
    document(`count.${name}`, {
      occurred: `2026-08-03T00:00:${second}Z`,
      resource: { 'prefect.resource.id': resource, 'prefect.resource.name': `Name ${resource}` },
    });
  await post(of('00', 'a', 'c1'), of('01.250000', 'a', 'c2'), of('01.750001', 'b', 'c2'), of('03', 'a', 'c2'));
  const filter = { event: { prefix: ['count.'] }, occurred: { since: '2026-08-03T00:00:00Z', until: '2026-08-03T00:00:03Z' } };
  const queryEvents = async (by: string, more: object = {}): Promise<any> =>
    (await requestPrefect(url, `events/count-by/${by}`, { filter, ...more })).body;
  expect((await queryEvents('time', { time_unit: 'second' })).map(({ value, count }: any) => [value, count])).toEqual([
    ['0', 1],
    ['1', 2],
    ['2', 0],
    ['3', 1],
  ]);
  const halves = await queryEvents('time', { time_unit: 'second', time_interval: 0.5 });
  expect(halves.map(({ count }: any) => count)).toEqual([1, 0, 1, 1, 0, 0, 1]);
  expect(halves[3]).toMatchObject({ start_time: '2026-08-03T00:00:01.500000Z', end_time: '2026-08-03T00:00:01.999999Z' });
  expect(await queryEvents('day')).toMatchObject([{ value: '0', count: 4, end_time: '2026-08-03T23:59:59.999999Z' }]);
  expect(await queryEvents('time', { time_unit: 'week' })).toMatchObject([{ label: '2026-08-03T00:00:00.000000Z', count: 4 }]);
  expect(await queryEvents('event')).toMatchObject([
    { value: 'count.a', label: 'count.a', count: 3 },
    { value: 'count.b', count: 1 },
  ]);
  expect(await queryEvents('resource')).toMatchObject([
    { value: 'c2', label: 'Name c2', count: 3 },
    { value: 'c1', count: 1 },
  ]);
  const far = { ...filter, occurred: { since: '2026-01-01T00:00:00Z', until: '2026-12-01T00:00:00Z' } };
  expect((await requestPrefect(url, 'events/count-by/time', { filter: far, time_unit: 'minute' })).status).toBe(422);
});

test('counts by time leave out the interval that starts at `until`, unless an event occurred at that instant', async () => {
  const at = (time: string): object => document('bound.a', { occurred: `2026-08-04T${time}Z` });
  await post(at('00:00:00'), at('01:30:00'));
  const counts = async (since: string, until: string, more: object = {}): Promise<any> => {
    const occurred = { since: `2026-08-04T${since}Z`, until: `2026-08-04T${until}Z` };
    const filter = { event: { prefix: ['bound.'] }, occurred };
    const { body } = await requestPrefect(url, 'events/count-by/time', { filter, time_unit: 'hour', ...more });
    return body.map(({ count }: any) => count);
  };
  expect(await counts('00:00:00', '03:00:00')).toEqual([1, 1, 0]);
  expect(await counts('00:00:00', '03:00:00.000001')).toEqual([1, 1, 0, 0]);
  expect(await counts('00:30:00', '03:00:00')).toEqual([0, 1, 0]);
  expect(await counts('02:00:00', '02:00:00')).toEqual([]);
  expect(await counts('02:00:01', '02:00:01')).toEqual([0]);
  expect(await counts('00:00:00', '00:00:00')).toEqual([1]);
  expect(await counts('01:29:59', '01:30:01', { time_unit: 'second', time_interval: 0.5 })).toEqual([0, 0, 1, 0]);
  await post(at('03:00:00'));
  expect(await counts('00:00:00', '03:00:00')).toEqual([1, 1, 0, 1]);
  expect(await counts('03:00:00', '03:00:00')).toEqual([1]);
});

test('health and version need no key', async () => {
  expect((await requestPrefect(url, 'health')).body).toBe(true);
  expect((await requestPrefect(url, 'admin/version')).body).toMatch(/^3\./);
});
