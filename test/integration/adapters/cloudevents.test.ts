import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { batched, binary, cloudEvent, postCloudEvent } from '../../support/protocols/cloudevents.ts';
import { countOf, headOf, storedEvents, storedIds, adapterEventCounts } from '../../support/protocols/adapter.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const json = { 'content-type': 'application/json' };

let server: TestServer;
let before: string;
beforeAll(async () => {
  server = await startTestServer({ TIDINGS_MAX_EVENT_BYTES: '1500' });
});
beforeEach(async () => {
  before = await headOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe('a CloudEvent', () => {
  test('becomes the event that the mapping describes', async () => {
    const related = [{ 'prefect.resource.id': 'acme.user.kiki', 'prefect.resource.role': 'actor', team: 'a' }];
    const answer = await postCloudEvent(
      server,
      cloudEvent('2', {
        subject: 'acme.order.4711',
        time: '2026-11-23T15:41:10.863461+01:00',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        sampled: true,
        sequence: -7,
        unset: null,
        dataschema: 'https://acme.example/paid.json',
        related: JSON.stringify(related),
        follows: '1',
        data: { amount: 12.5, nested: { deep: [1] } },
      }),
    );
    expect(answer).toMatchObject({ status: 204, body: null });
    await postCloudEvent(server, cloudEvent('1'));
    expect(await storedEvents(server, before)).toEqual([
      {
        id: '/orders/eu 2',
        occurred: '2026-11-23T14:41:10.863461Z',
        event: 'acme.order.paid',
        resource: {
          id: 'acme.order.4711',
          labels: {
            'ce-source': '/orders/eu',
            'ce-traceparent': '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
            'ce-sampled': 'true',
            'ce-sequence': '-7',
            'ce-dataschema': 'https://acme.example/paid.json',
          },
        },
        related: [{ id: 'acme.user.kiki', role: 'actor', labels: { team: 'a' } }],
        payload: { amount: 12.5, nested: { deep: [1] } },
        follows: { id: '/orders/eu 1' },
      },
      expect.objectContaining({ id: '/orders/eu 1', resource: { id: '/orders/eu', labels: { 'ce-source': '/orders/eu' } }, payload: {} }),
    ]);
  });

  test('follows an event of another source if it names that source', async () => {
    await postCloudEvent(
      server,
      [cloudEvent('1', { source: 'shop' }), cloudEvent('next', { follows: '1', followssource: 'shop' })],
      batched,
    );
    expect((await storedEvents(server, before))[1]).toMatchObject({ id: '/orders/eu next', follows: { id: 'shop 1' } });
  });

  test('is the same event in every mode, compressed or not', async () => {
    const event = cloudEvent('same', { subject: 'Euro € 😀 100%', datacontenttype: 'application/json', data: { n: 1 } });
    expect((await postCloudEvent(server, event)).status).toBe(204);
    expect((await postCloudEvent(server, gzipSync(JSON.stringify([event])), { ...batched, 'content-encoding': 'gzip' })).status).toBe(204);
    const subject = { 'ce-subject': 'Euro%20%e2%82%AC%20%F0%9F%98%80%20100%25' };
    expect(
      (
        await postCloudEvent(server, '{"n":1}', {
          ...binary,
          'ce-id': 'same',
          ...subject,
          'content-type': 'application/json; charset=utf-8',
        })
      ).status,
    ).toBe(204);
    expect(
      (
        await postCloudEvent(server, '{"n": 1}', {
          ...binary,
          ...json,
          'ce-id': 'same',
          'ce-subject': '"Euro%20%E2%82%AC \\%F0%9F%98%80 100%"',
        })
      ).status,
    ).toBe(204);
    expect(await storedIds(server, before)).toEqual(['/orders/eu same']);
    expect((await storedEvents(server, before))[0].resource).toEqual({ id: 'Euro € 😀 100%', labels: { 'ce-source': '/orders/eu' } });
  });
});

test('the same id is two events with two sources, also beyond the length of an id, and a duplicate with one', async () => {
  const sources = ['a', 'b', `https://acme.example/${'x'.repeat(300)}`, `https://acme.example/${'x'.repeat(301)}`];
  const twice = [...sources, ...sources].map((source) => cloudEvent('0190', { source }));
  const { body } = await postCloudEvent(server, twice, batched, '?on_error=skip');
  expect(body).toMatchObject({ created: 4, duplicates: 4, rejected: 0 });
  const events = await storedEvents(server, before);
  expect(events.map(({ id }) => id)).toEqual(['a 0190', 'b 0190', ...Array(2).fill(expect.stringMatching(/^<sha256:[0-9a-f]{64}>$/))]);
  expect(new Set(events.map(({ id }) => id)).size).toBe(4);
  expect(events[2].resource.labels).toMatchObject({ 'ce-id': '0190', 'ce-source': sources[2] });
  const conflict = await postCloudEvent(server, cloudEvent('0190', { source: 'a', type: 'other' }));
  expect(conflict).toMatchObject({ status: 422, body: { exception_detail: [{ loc: ['body', 'id'], type: 'id_conflict' }] } });
});

describe('data', () => {
  const bytes = Buffer.from([0, 1, 0xff]);
  const xml = { datacontenttype: 'application/xml' };
  test.each<[string, object, unknown, object]>([
    ['an array', { data: [1, { a: null }] }, { data: [1, { a: null }] }, {}],
    ['a string, which is not read as JSON', { data: '{"a":1}' }, { data: '{"a":1}' }, {}],
    ['null, which is not the same as no data', { data: null }, { data: null }, {}],
    ['text', { data: '<a/>', ...xml }, { data: '<a/>' }, { 'ce-datacontenttype': 'application/xml' }],
    ['text in Base64', { data_base64: 'PGEvPg==', ...xml }, { data: '<a/>' }, { 'ce-datacontenttype': 'application/xml' }],
    [
      'JSON in Base64',
      { data_base64: 'eyJhIjoxfQ==', datacontenttype: 'application/vnd.a+json' },
      { a: 1 },
      { 'ce-datacontenttype': 'application/vnd.a+json' },
    ],
    ['bytes', { data_base64: bytes.toString('base64') }, { data_base64: 'AAH/' }, {}],
  ])('in JSON: %s', async (what, more, payload, labels) => {
    expect((await postCloudEvent(server, cloudEvent(what, more))).status).toBe(204);
    expect((await storedEvents(server, before)).at(-1)).toMatchObject({
      payload,
      resource: { labels: { 'ce-source': '/orders/eu', ...labels } },
    });
  });

  test.each<[string, string | Buffer, string, unknown]>([
    ['other JSON', '[1]', 'application/json', { data: [1] }],
    ['text', 'grüß dich', 'text/plain', { data: 'grüß dich' }],
    ['text in another charset', Buffer.from('grüß', 'latin1'), 'text/plain; charset=iso-8859-1', { data_base64: 'Z3L83w==' }],
    ['text that is not UTF-8', Buffer.from([0x61, 0xff]), 'text/plain', { data_base64: 'Yf8=' }],
    ['bytes', bytes, 'application/octet-stream', { data_base64: 'AAH/' }],
    ['nothing', '', 'application/json', {}],
  ])('in binary mode: %s', async (what, body, type, payload) => {
    expect((await postCloudEvent(server, body, { ...binary, 'ce-id': `binary ${what}`, 'content-type': type })).status).toBe(204);
    expect((await storedEvents(server, before)).at(-1)).toMatchObject({ id: `/orders/eu binary ${what}` });
    expect((await storedEvents(server, before)).at(-1).payload).toEqual(payload);
  });
});

describe('data without a content type', () => {
  test.each<[string, Buffer, object, object]>([
    ['an object', Buffer.from('{"n": 1}'), { data: { n: 1 } }, { n: 1 }],
    ['other JSON', Buffer.from(' [1]'), { data: [1] }, { data: [1] }],
    ['text', Buffer.from('grüß dich'), { data: 'grüß dich' }, { data: 'grüß dich' }],
    ['bytes', Buffer.from([0x61, 0xff]), { data_base64: 'Yf8=' }, { data_base64: 'Yf8=' }],
    ['bytes that would be text with U+0000', Buffer.from([0x61, 0]), { data_base64: 'YQA=' }, { data_base64: 'YQA=' }],
    ['text, as Base64', Buffer.from('text'), { data_base64: 'dGV4dA==' }, { data: 'text' }],
    ['nothing', Buffer.from(''), {}, {}],
  ])('is stored as what it is, equal to the structured form: %s', async (what, body, structured, payload) => {
    expect((await postCloudEvent(server, body, { ...binary, 'ce-id': `bare ${what}` })).status).toBe(204);
    const { body: again } = await postCloudEvent(server, cloudEvent(`bare ${what}`, structured), undefined, '?on_error=skip');
    expect(again).toMatchObject({ duplicates: 1 });
    expect(await storedEvents(server, before)).toMatchObject([{ id: `/orders/eu bare ${what}`, payload }]);
    expect((await storedEvents(server, before))[0].payload).toEqual(payload);
  });

  test.each([
    ['equal to the content type', 'text/plain;charset=UTF-8', 'text/plain; charset=utf-8'],
    ['alone', 'text/plain;charset=UTF-8', null],
  ])('ce-datacontenttype is accepted %s', async (what, type, contentType) => {
    const headers = {
      ...binary,
      'ce-id': `type ${what}`,
      'ce-datacontenttype': type,
      ...(contentType !== null && { 'content-type': contentType }),
    };
    expect((await postCloudEvent(server, Buffer.from('5'), headers)).status).toBe(204);
    expect(await storedEvents(server, before)).toMatchObject([
      { payload: { data: '5' }, resource: { labels: { 'ce-datacontenttype': contentType ?? type } } },
    ]);
  });
});

describe('an attribute that is missing has no default', () => {
  test.each(['specversion', 'id', 'source', 'type', 'time'])('%s', async (name) => {
    const event = cloudEvent('twice', { [name]: undefined });
    const { [`ce-${name}` as 'ce-id']: _, ...headers } = binary;
    const responses = [
      await postCloudEvent(server, event),
      await postCloudEvent(server, { ...event, [name]: null }),
      await postCloudEvent(server, [event], batched),
      await postCloudEvent(server, Buffer.from('{}'), { ...headers, ...json }),
    ];
    for (const { status, body } of responses) {
      expect([status, body.exception_detail.map(({ loc, type }: any) => [loc.at(-1), type])]).toEqual([422, [[name, 'required']]]);
    }
    expect(await storedIds(server, before)).toEqual([]);
  });
});

test('an unknown query parameter is rejected', async () => {
  expect(await postCloudEvent(server, cloudEvent('1'), undefined, '?onerror=skip')).toMatchObject({ status: 400 });
  expect((await postCloudEvent(server, cloudEvent('strict', { myextension: 'x' }), undefined, '?strict=true')).status).toBe(204);
});

test('what on_error=skip rejects is stored for inspection', async () => {
  const bad = cloudEvent('bad', { type: '' });
  await postCloudEvent(server, [cloudEvent('good'), bad], batched, '?on_error=skip');
  await postCloudEvent(server, Buffer.from('x'), { ...binary, 'ce-id': 'bad', 'ce-type': '' }, '?on_error=skip');
  const { rejectedEvents } = await server.data('{ rejectedEvents(first: 2) { nodes { protocol reason raw } } }');
  expect(rejectedEvents.nodes.map(({ protocol, raw }: any) => [protocol, JSON.parse(raw)])).toEqual([
    ['cloudevents', { ...cloudEvent('bad', { type: '' }), data_base64: 'eA==' }],
    ['cloudevents', bad],
  ]);
});

describe('a batch with invalid events', () => {
  const batch = [
    cloudEvent('valid'),
    {},
    cloudEvent('', { source: 'a b', specversion: '0.3', time: 'now', type: 7 }),
    cloudEvent('x', { Upper: 'a', list: [], half: 0.5, subject: '' }),
    cloudEvent('y', { data: 1, data_base64: 'AA==' }),
    cloudEvent('z', { data_base64: 'A', follows: '', related: '{}' }),
    cloudEvent('nul', { data: ['a\0b'] }),
    cloudEvent('nul2', { subject: 'a\0', traceparent: 'b\0' }),
    cloudEvent('large', { data: 'x'.repeat(2000) }),
    'text',
    cloudEvent('role', { related: '[{"prefect.resource.id":"r"}]' }),
    cloudEvent('json', { data_base64: 'ew==', datacontenttype: 'application/json' }),
  ];

  test('stores nothing, and reports the path of each problem in the CloudEvent', async () => {
    const { status, body } = await postCloudEvent(server, batch, batched);
    expect(status).toBe(422);
    expect(body.exception_message).toBe('Nothing was stored: 11 of 12 events were rejected.');
    expect(body.exception_detail.map(({ loc, type }: any) => `${loc.slice(1).join('.')} ${type}`)).toEqual([
      '1.specversion required',
      '1.source required',
      '1.id required',
      '1.time required',
      '1.type required',
      '2.specversion invalid',
      '2.source invalid',
      '2.id required',
      '2.time invalid',
      '2.type invalid',
      '3.Upper invalid',
      '3.list invalid',
      '3.half invalid',
      '3.subject required',
      '4.data invalid',
      '5.data_base64 invalid',
      '5.related invalid',
      '5.follows invalid',
      '6.data.0 invalid',
      '7.subject invalid',
      '7.traceparent invalid',
      '8 too_large',
      '9 invalid',
      '10.related.0.prefect.resource.role required',
      '11.data_base64 invalid',
    ]);
    expect(body.exception_detail[5].msg).toBe('expected 1.0, the supported version, got "0.3"');
    expect(await storedIds(server, before)).toEqual([]);
  });

  test('stores the valid events with on_error=skip, and returns a result for each', async () => {
    const [, , rejected] = await adapterEventCounts(server, 'cloudevents');
    const { status, body } = await postCloudEvent(server, batch, batched, '?on_error=skip');
    expect(status).toBe(200);
    expect(body).toMatchObject({ created: 1, duplicates: 0, rejected: 11 });
    expect(body.results.map(({ status }: any) => status)).toEqual(['created', ...Array(11).fill('rejected')]);
    expect(await storedIds(server, before)).toEqual(['/orders/eu valid']);
    const [, , counted] = await adapterEventCounts(server, 'cloudevents');
    expect(counted! - rejected!).toBe(11);
  });
});

test('a large batch is stored as a whole, and rejected as a whole because of its last event', async () => {
  const count = await countOf(server);
  const many = Array.from({ length: 2000 }, (_, n) => cloudEvent(`e-${n}`, { subject: `job.${n % 50}` }));
  const rejectedResponse = await postCloudEvent(server, [...many, cloudEvent('bad', { type: 'a\0' })], batched);
  expect(rejectedResponse).toMatchObject({ status: 422, body: { exception_detail: [{ loc: ['body', 2000, 'type'] }] } });
  expect(await countOf(server)).toBe(count);
  expect((await postCloudEvent(server, many, batched)).status).toBe(204);
  expect(await countOf(server)).toBe(count + 2000);
  const received = async (n: number) => (await server.data(`{ event(id: "/orders/eu e-${n}") { received } }`)).event;
  expect(await received(1999)).toEqual(await received(0)); // one transaction
});
