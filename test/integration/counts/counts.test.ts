import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let head: string;

beforeAll(async () => {
  server = await startTestServer();
  const event = (id: string, occurred: string, more: object) => ({
    id,
    occurred,
    event: 'acme.order.placed',
    resource: { id: 'shop.1' },
    ...more,
  });
  const events = [
    event('1', '2026-03-28T23:30:00Z', { resource: { id: 'shop.1.till.1', name: 'Till', labels: { region: 'eu' } } }),
    event('2', '2026-03-29T00:30:00Z', { related: [of('a', 'actor'), of('b', 'actor'), of('a', 'actor'), of('c', 'owner')] }),
    event('3', '2026-03-29T01:30:00Z', { event: 'acme.order.paid', payload: { sum: 1 }, related: [of('b', 'actor')] }),
    event('4', '2026-03-29T21:59:59.999999Z', { event: 'acme.user.logged-in', payload: { sum: '1' } }),
    event('5', '2026-03-30T22:00:00Z', { event: 'deploy', payload: { sum: null }, resource: { id: 'shop.1', labels: { region: 'us' } } }),
  ];
  const emitted = await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { head created } }', { input: events });
  head = emitted.emitEvents.head;
});
afterAll(() => server[Symbol.asyncDispose]());

describe('counts', () => {
  test('by day in a time zone, with the day of 23 hours and empty ones', async () => {
    const { eventCounts } = await counts({ by: [{ time: { unit: 'DAY', timeZone: 'Europe/Berlin' } }] });
    expect(eventCounts).toEqual({
      total: 5,
      truncated: false,
      zeroFilled: true,
      head,
      buckets: [
        {
          keys: ['2026-03-28T23:00:00.000000Z'],
          start: '2026-03-28T23:00:00.000000Z',
          end: '2026-03-29T22:00:00.000000Z',
          count: 4,
          firstOccurred: '2026-03-28T23:30:00.000000Z',
          lastOccurred: '2026-03-29T21:59:59.999999Z',
        },
        {
          keys: ['2026-03-29T22:00:00.000000Z'],
          start: '2026-03-29T22:00:00.000000Z',
          end: '2026-03-30T22:00:00.000000Z',
          count: 0,
          firstOccurred: null,
          lastOccurred: null,
        },
        expect.objectContaining({ start: '2026-03-30T22:00:00.000000Z', count: 1 }),
      ],
    });
  });

  test('between the bounds of the filter, also where nothing happened', async () => {
    const by = [{ time: { unit: 'MONTH', every: 3 } }];
    const filter = { occurred: { since: '2025-11-01T00:00:00Z', until: '2026-07-01T00:00:00Z' } };
    expect(await pairs({ by, filter })).toEqual([
      ['2025-10-01T00:00:00.000000Z', 0],
      ['2026-01-01T00:00:00.000000Z', 5],
      ['2026-04-01T00:00:00.000000Z', 0],
    ]);
    const nothing = { occurred: { since: '2030-01-01T00:00:00Z', until: '2031-01-01T00:00:00Z' }, event: { in: ['none'] } };
    expect(await pairs({ by, filter: nothing })).toHaveLength(4);
    expect(await pairs({ by, filter: { event: { in: ['none'] } } })).toEqual([]);
  });

  test.each([
    [
      'event',
      { event: {} },
      [
        ['acme.order.paid', 1],
        ['acme.order.placed', 2],
        ['acme.user.logged-in', 1],
        ['deploy', 1],
      ],
    ],
    [
      'segments of the event',
      { event: { segments: 2 } },
      [
        ['acme.order', 3],
        ['acme.user', 1],
        ['deploy', 1],
      ],
    ],
    [
      'resource',
      { resource: {} },
      [
        ['shop.1', 4],
        ['shop.1.till.1', 1],
      ],
    ],
    ['segments of the resource', { resource: { segments: 1 } }, [['shop', 5]]],
    [
      'label',
      { label: { key: 'region' } },
      [
        ['eu', 1],
        ['us', 1],
        [null, 3],
      ],
    ],
    [
      'name',
      { label: { key: 'prefect.resource.name' } },
      [
        ['Till', 1],
        [null, 4],
      ],
    ],
    [
      'role, once for each id',
      { role: { role: 'actor' } },
      [
        ['a', 1],
        ['b', 2],
        [null, 3],
      ],
    ],
    [
      'payload value',
      { payload: { path: 'sum' } },
      [
        ['1', 2],
        ['null', 1],
        [null, 2],
      ],
    ],
  ])('by %s', async (_name, by, expected) => {
    const { eventCounts } = await counts({ by: [by] });
    expect(eventCounts.buckets.map(({ keys, count }: any) => [keys[0], count])).toEqual(expected);
    expect(eventCounts.total).toBe(5);
  });

  test('by several dimensions, every time for every other key', async () => {
    const { eventCounts } = await counts({ by: [{ event: { segments: 1 } }, { time: { unit: 'DAY', timeZone: 'Europe/Berlin' } }] });
    expect(eventCounts.buckets.map(({ keys, count }: any) => [keys[0], keys[1].slice(8, 10), count])).toEqual([
      ['acme', '28', 4],
      ['acme', '29', 0],
      ['acme', '30', 0],
      ['deploy', '28', 0],
      ['deploy', '29', 0],
      ['deploy', '30', 1],
    ]);
  });

  test('most first, truncated by first', async () => {
    const { eventCounts } = await counts({ by: [{ event: {} }], order: 'MOST_FIRST', first: 2 });
    expect(eventCounts.buckets.map(({ keys, count }: any) => [keys[0], count])).toEqual([
      ['acme.order.placed', 2],
      ['acme.order.paid', 1],
    ]);
    expect(eventCounts).toMatchObject({ truncated: true, total: 5 });
  });

  test('at a head from which a subscription can continue', async () => {
    const { eventCounts } = await counts({ by: [{ event: {} }] });
    expect(eventCounts.head).toBe((await server.data('{ head }')).head);
  });
});

describe('a count by any unit is valid, however wide the range', () => {
  const wide = { event: { in: ['wide'] } };
  beforeAll(async () => {
    const input = ['0001-01-01T00:00:00Z', '2099-12-31T23:59:59.999999Z', '2099-12-31T23:59:59Z'].map((occurred) => ({
      occurred,
      event: 'wide',
      resource: { id: 'wide' },
    }));
    await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
  });

  test.each([
    ['SECOND', false, '2099-12-31T23:59:59.000000Z'],
    ['MINUTE', false, '2099-12-31T23:59:00.000000Z'],
    ['HOUR', false, '2099-12-31T23:00:00.000000Z'],
    ['YEAR', true, '2099-01-01T00:00:00.000000Z'],
  ])('%s', async (unit, zeroFilled, last) => {
    const by = [{ time: { unit } }];
    const first = '0001-01-01T00:00:00.000000Z';
    const { eventCounts } = await counts({ by, filter: wide, first: 10_000 });
    expect(eventCounts).toMatchObject({ total: 3, truncated: false, zeroFilled });
    const counted = eventCounts.buckets.map(({ keys, start, count }: any) => [keys[0], start, count]);
    expect(counted.filter(([, , count]: [string, string, number]) => count > 0)).toEqual([
      [first, first, 1],
      [last, last, 2],
    ]);
    expect(counted).toHaveLength(zeroFilled ? 2099 : 2);
    expect((await counts({ by, filter: wide, first: 1 })).eventCounts).toMatchObject({
      truncated: true,
      zeroFilled,
      buckets: [{ start: first, count: 1 }],
    });
    expect((await counts({ by, filter: wide, order: 'MOST_FIRST', first: 10 })).eventCounts).toMatchObject({
      total: 3,
      truncated: false,
      zeroFilled: false,
      buckets: [
        { start: last, count: 2 },
        { start: first, count: 1 },
      ],
    });
  });

  test('with other dimensions as well', async () => {
    const by = [{ event: {} }, { time: { unit: 'DAY', timeZone: 'Europe/Berlin' } }];
    const { eventCounts } = await counts({ by, filter: { or: [wide, { event: { in: ['deploy'] } }] } });
    expect(eventCounts).toMatchObject({ total: 4, truncated: false, zeroFilled: false });
    expect(eventCounts.buckets.map(({ keys, count }: any) => [keys[0], count])).toEqual([
      ['deploy', 1],
      ['wide', 1],
      ['wide', 2],
    ]);
  });
});

describe('a count is rejected with a message', () => {
  test.each([
    ['without a dimension', { by: [] }, 'BAD_USER_INPUT', ['by'], 'expected at least one dimension'],
    ['with too many', { by: Array.from({ length: 9 }, () => ({ event: {} })) }, 'LIMIT_EXCEEDED', ['by'], 'at most 8 dimensions, got 9'],
    [
      'by time twice',
      { by: [{ time: { unit: 'DAY' } }, { time: { unit: 'HOUR' } }] },
      'BAD_USER_INPUT',
      ['by', '1', 'time'],
      'one time dimension',
    ],
    [
      'in an unknown time zone',
      { by: [{ time: { unit: 'DAY', timeZone: 'Mars/Base' } }] },
      'BAD_USER_INPUT',
      ['by', '0', 'time', 'timeZone'],
      '"Mars/Base"',
    ],
    [
      'every 0 days',
      { by: [{ time: { unit: 'DAY', every: 0 } }] },
      'BAD_USER_INPUT',
      ['by', '0', 'time', 'every'],
      'from 1 to 1000000, got 0',
    ],
    ['by no segments', { by: [{ event: { segments: 0 } }] }, 'BAD_USER_INPUT', ['by', '0', 'event', 'segments'], 'got 0'],
    ['by a path with *', { by: [{ payload: { path: 'a.*' } }] }, 'BAD_USER_INPUT', ['by', '0', 'payload', 'path'], 'the path of one value'],
    ['by an invalid path', { by: [{ payload: { path: 'a..b' } }] }, 'BAD_USER_INPUT', ['by', '0', 'payload', 'path'], 'dotted keys'],
    ['by an invalid label', { by: [{ label: { key: '\0' } }] }, 'BAD_USER_INPUT', ['by', '0', 'label', 'key'], 'U+0000'],
    ['for no buckets', { by: [{ event: {} }], first: 0 }, 'BAD_USER_INPUT', ['first'], 'from 1 to 10000, got 0'],
    ['for too many buckets', { by: [{ event: {} }], first: 10_001 }, 'LIMIT_EXCEEDED', ['first'], 'got 10001'],
  ])('%s', async (_name, variables, code, path, message) => {
    const { errors, data } = await server.execute(query, variables);
    expect(data?.eventCounts ?? null).toBeNull();
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining(message), extensions: { code, path } })]);
  });

  test('by two fields in one dimension', async () => {
    const { errors } = await server.execute(query, { by: [{ event: {}, resource: {} }] });
    expect(errors?.[0]?.message).toContain('CountBy');
  });
});

function of(id: string, role: string) {
  return { id, role };
}

async function pairs(variables: object): Promise<unknown> {
  return (await counts(variables)).eventCounts.buckets.map(({ start, count }: any) => [start, count]);
}

function counts(variables: object): Promise<any> {
  return server.data(query, variables);
}

const query = `query ($by: [CountBy!]!, $filter: EventFilter, $order: CountOrder, $first: Int) {
  eventCounts(by: $by, filter: $filter, order: $order, first: $first) {
    buckets { keys start end count firstOccurred lastOccurred }
    total truncated zeroFilled head
  }
}`;
