import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countOf, headOf, postTo, storedIds, adapterEventCounts, type Posted } from '../../support/protocols/adapter.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const json = { 'content-type': 'application/json' };
const ndjson = { 'content-type': 'application/x-ndjson' };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ TIDINGS_MAX_EVENT_BYTES: '1500' });
});
afterAll(() => server[Symbol.asyncDispose]());

function post(body: unknown, headers: Record<string, string> = json, query = '', to = server): Promise<Posted> {
  return postTo(to, `/api/events${query}`, body, headers);
}

function document(id: string, more: object = {}): object {
  return {
    id,
    occurred: '2026-11-23T14:41:10.863461Z',
    event: 'acme.job.done',
    resource: { 'prefect.resource.id': 'acme.job.7' },
    ...more,
  };
}

test('one document, an array and NDJSON are stored in order, compressed or not', async () => {
  const before = await headOf(server);
  expect(await post(document('one'))).toMatchObject({ status: 204, body: null });
  expect((await post([document('two'), document('three')])).status).toBe(204);
  const lines = `${JSON.stringify(document('four'))}\r\n\n  \n${JSON.stringify(document('five'))}`;
  expect((await post(lines, ndjson)).status).toBe(204);
  expect((await post(gzipSync(JSON.stringify(document('six'))), { ...json, 'content-encoding': 'gzip' })).status).toBe(204);
  expect((await post([], json)).status).toBe(204);
  expect(await storedIds(server, before)).toEqual(['one', 'two', 'three', 'four', 'five', 'six']);
});

test.each<[string, (bytes: string) => Buffer]>([
  ['GZIP', gzipSync],
  ['x-gzip', gzipSync],
  [' gzip ', gzipSync],
  ['deflate', deflateSync],
  ['Deflate', deflateRawSync],
  ['Identity', (text) => Buffer.from(text)],
])('a body with content-encoding %j is stored', async (encoding, compress) => {
  const before = await headOf(server);
  const body = compress(JSON.stringify([document(`encoded ${encoding}`)]));
  expect((await post(body, { ...json, 'content-encoding': encoding })).status).toBe(204);
  expect(await storedIds(server, before)).toEqual([`encoded ${encoding}`]);
});

test('a JSON text sequence is stored in order, also with texts of several lines', async () => {
  const before = await headOf(server);
  const sequence = { 'content-type': 'application/json-seq; charset=utf-8' };
  const texts = [JSON.stringify(document('seq.a')), JSON.stringify(document('seq.b'), null, 2), JSON.stringify(document('seq.c'))];
  expect((await post(`\x1e\x1e${texts.join('\n\x1e')}`, sequence)).status).toBe(204);
  expect(await storedIds(server, before)).toEqual(['seq.a', 'seq.b', 'seq.c']);
  const truncated = `\x1e${JSON.stringify(document('seq.d'))}\n\x1e{"id": "se\x1e${JSON.stringify(document('seq.e'))}`;
  const { body } = await post(truncated, sequence, '?on_error=skip');
  expect(body).toMatchObject({ created: 2, rejected: 1, results: [{}, { index: 1, status: 'rejected' }, {}] });
  expect((await post('1\x1e'.repeat(50_001), sequence)).status).toBe(413);
});

test.each([
  'application/x-ndjson',
  'application/ndjson; charset=utf-8',
  'application/jsonl',
  'Application/X-JSONLines',
  'application/jsonlines',
  'application/json', // older log shippers
])('lines labelled as %s are stored', async (type) => {
  const before = await headOf(server);
  const ids = [1, 2, 3].map((n) => `${type} ${n}`);
  const lines = `\n${ids.map((id) => JSON.stringify(document(id))).join('\n')}\r\n`;
  expect((await post(lines, { 'content-type': type })).status).toBe(204);
  expect(await storedIds(server, before)).toEqual(ids);
});

test('lines labelled as JSON are rejected one by one, and an indented document with a mistake as a whole', async () => {
  const skipped = await post(`${JSON.stringify(document('labelled'))}\n{"id\n`, json, '?on_error=skip');
  expect(skipped.body).toMatchObject({ created: 1, rejected: 1 });
  for (const indented of [JSON.stringify(document('indented'), null, 2).replace(/\}$/, ''), '{"id": "a"\n}}', '{"id": "a"}}']) {
    const { status, body } = await post(indented);
    expect([status, body.exception_message]).toEqual([
      422,
      expect.stringMatching(/^the body: expected an event document, got invalid JSON/),
    ]);
  }
});

test('GraphQL returns the fields of a document', async () => {
  const related = [{ 'prefect.resource.id': 'x.1', 'prefect.resource.role': 'actor', team: 'a' }];
  const resource = { 'prefect.resource.id': 'coder.kiki', 'prefect.resource.name': 'Kiki', region: 'eu' };
  await post(document('shown', { related, resource, payload: { a: 1.5, d: null }, follows: 'other' }));
  const shown = await server.data(
    '{ event(id: "shown") { occurred event resource { id: resourceId name labels } related { id: resourceId role labels } payload followsId: follows { id } } }',
  );
  expect(shown.event).toEqual({
    occurred: '2026-11-23T14:41:10.863461Z',
    event: 'acme.job.done',
    resource: { id: 'coder.kiki', name: 'Kiki', labels: { 'prefect.resource.name': 'Kiki', region: 'eu' } },
    related: [{ id: 'x.1', role: 'actor', labels: { team: 'a' } }],
    payload: { a: 1.5, d: null },
    followsId: null,
  });
});

test('sending a document again is safe, and other content under the same id is rejected', async () => {
  const before = await headOf(server);
  expect((await post(document('e'))).status).toBe(204);
  expect((await post([document('e'), document('f')])).status).toBe(204);
  const conflict = await post([document('g'), document('e', { event: 'other' })]);
  expect(conflict.status).toBe(422);
  expect(conflict.body.exception_detail).toMatchObject([{ loc: ['body', 1, 'id'], type: 'id_conflict' }]);
  expect(await storedIds(server, before)).toEqual(['e', 'f']);
});

describe('a batch with invalid events', () => {
  const batch = [
    document('valid'),
    { event: 'no id', resource: {} },
    document('role', { related: [{ 'prefect.resource.id': 'x' }] }),
    document('label', { resource: { 'prefect.resource.id': 'r', size: 7 } }),
    'text',
    document('nul', { payload: { deep: ['a\0b'] } }),
    document('large', { payload: { text: 'x'.repeat(2000) } }),
  ];

  test('stores nothing, and reports the path of each problem', async () => {
    const before = await headOf(server);
    const { status, body } = await post(batch);
    expect(status).toBe(422);
    expect(body.exception_message).toBe('Nothing was stored: 6 of 7 events were rejected.');
    expect(body.exception_detail.map(({ loc, type }: any) => [...loc, type])).toEqual([
      ['body', 1, 'id', 'required'],
      ['body', 1, 'occurred', 'required'],
      ['body', 1, 'resource', 'prefect.resource.id', 'required'],
      ['body', 2, 'related', '0', 'prefect.resource.role', 'required'],
      ['body', 3, 'resource', 'size', 'invalid'],
      ['body', 4, 'invalid'],
      ['body', 5, 'payload', 'deep', '0', 'invalid'],
      ['body', 6, 'too_large'],
    ]);
    expect(body.exception_detail[3].msg).toBe('expected a non-empty string, got nothing');
    expect(await storedIds(server, before)).toEqual([]);
  });

  test('stores the valid events with on_error=skip, and returns a result for each', async () => {
    const before = await headOf(server);
    await post(document('known'));
    const { status, body } = await post([...batch, document('known')], json, '?on_error=skip');
    expect(status).toBe(200);
    expect(body).toMatchObject({ created: 1, duplicates: 1, rejected: 6 });
    expect(body.results.map(({ status }: any) => status)).toEqual(['created', ...Array(6).fill('rejected'), 'duplicate']);
    expect(body.results[5]).toMatchObject({ index: 5, detail: [{ loc: ['body', 5, 'payload', 'deep', '0'] }] });
    expect(await storedIds(server, before)).toEqual(['known', 'valid']);
  });

  test('a line that is not JSON or not UTF-8 does not affect other lines', async () => {
    const lines = Buffer.concat([
      Buffer.from(`${JSON.stringify(document('line'))}\n{"id\n`),
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      Buffer.from('[]\n'),
    ]);
    const skipped = await post(lines, ndjson, '?on_error=skip');
    expect(skipped.body).toMatchObject({ created: 1, rejected: 3 });
    expect(skipped.body.results[2].detail[0].msg).toBe('expected an event document, got bytes that are not UTF-8');
    expect(skipped.body.results[3].detail[0].msg).toBe('expected an event document, got an array');
    expect((await post(lines, ndjson)).status).toBe(422);
  });
});

test('20,000 events are stored as a whole, and rejected as a whole because of the last one', { timeout: 120_000 }, async () => {
  const before = await countOf(server);
  const many = Array.from({ length: 20_000 }, (_, n) => document(`e-${n}`, { resource: { 'prefect.resource.id': `job.${n % 50}` } }));
  const rejectedResponse = await post([...many, document('bad', { event: '' })]);
  expect(rejectedResponse).toMatchObject({ status: 422, body: { exception_detail: [{ loc: ['body', 20_000, 'event'] }] } });
  expect(await countOf(server)).toBe(before);
  expect((await post(many)).status).toBe(204);
  expect(await countOf(server)).toBe(before + 20_000);
  const [first, last] = await Promise.all(
    ['e-0', 'e-19999'].map(async (id) => (await server.data(`{ event(id: "${id}") { received } }`)).event),
  );
  expect(last).toEqual(first); // one transaction
});

describe('an invalid request is rejected with the reason', () => {
  test.each([
    [
      'another type, as forms of other web pages send it',
      document('e'),
      { 'content-type': 'text/plain' },
      '',
      415,
      /content-type: expected/,
    ],
    ['invalid JSON', '{"id"', json, '', 422, /the body: expected an event document, got invalid JSON/],
    ['no gzip', 'text', { ...json, 'content-encoding': 'gzip' }, '', 422, /expected gzip, got invalid data/],
    ['half of a gzip', gzipSync('[]'.repeat(1000)).subarray(0, 20), { ...json, 'content-encoding': 'gzip' }, '', 422, /expected gzip/],
    [
      'another compression',
      'text',
      { ...json, 'content-encoding': 'br' },
      '',
      415,
      /content-encoding: expected gzip, deflate or none, got "br"/,
    ],
    ['no deflate', 'text', { ...json, 'content-encoding': 'deflate' }, '', 422, /expected deflate, got invalid data/],
    ['another value of strict', document('e'), json, '?strict=1', 422, /strict: expected true or false, got "1"/],
    ['an unknown parameter', document('e'), json, '?onerror=skip', 400, /expected only on_error and strict, got "onerror"/],
    ['a parameter twice', document('e'), json, '?on_error=skip&on_error=reject', 400, /expected each once, got "on_error" twice/],
    ['another policy', document('e'), json, '?on_error=ignore', 422, /on_error: expected reject or skip, got "ignore"/],
  ])('%s', async (_what, body, headers, query, status, message) => {
    const before = await headOf(server);
    const response = await post(body, headers, query);
    expect(response.status).toBe(status);
    expect(response.body.exception_message).toMatch(message);
    expect(await storedIds(server, before)).toEqual([]);
  });

  test('another method', async () => {
    const response = await fetch(`${server.tidings.url}/api/events`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('a body that is too large, also only after decompression, or without a content length', async () => {
    await using narrow = await startTestServer({ TIDINGS_MAX_BODY_BYTES: '10000' });
    const large = JSON.stringify(Array.from({ length: 300 }, (_, n) => document(`e-${n}`)));
    expect((await post(large, json, '', narrow)).status).toBe(413);
    const gzipped = gzipSync(`${large}${' '.repeat(50_000_000)}`);
    expect((await post(gzipped.subarray(0, 9000), { ...json, 'content-encoding': 'gzip' }, '', narrow)).status).toBe(413);
    const deflated = deflateSync(`${large}${' '.repeat(5_000_000)}`);
    expect((await post(deflated, { ...json, 'content-encoding': 'deflate' }, '', narrow)).status).toBe(413);
    const { port } = new URL(narrow.tidings.url);
    const chunked = httpRequest({ port, host: '127.0.0.1', path: '/api/events', method: 'POST', headers: json });
    chunked.write(large.slice(0, 15_000)); // and nothing more
    const [response] = await once(chunked, 'response');
    expect(response.statusCode).toBe(413);
    chunked.destroy();
    expect(await countOf(narrow)).toBe(0);
  });
});

test('events are counted by protocol', async () => {
  const before = await adapterEventCounts(server, 'documents');
  await post([document('counted.a'), document('counted.b')]);
  await post([document('counted.a'), document('counted.b', { event: '' })], json, '?on_error=skip');
  const after = await adapterEventCounts(server, 'documents');
  expect(after.map((count, index) => count - before[index]!)).toEqual([2, 1, 1]);
});

test('lines and entries beyond 50,000 are not read', async () => {
  const lines = await post('1\n'.repeat(1_000_000), ndjson, '?on_error=skip');
  expect(lines).toMatchObject({ status: 413, body: { exception_message: expect.stringMatching(/expected at most 50000 events/) } });
  const entries = await post(`[${'1,'.repeat(50_000)}1]`, json, '?on_error=skip');
  expect(entries).toMatchObject({ status: 413, body: { exception_message: expect.stringMatching(/got 50001/) } });
  expect((await post('\n \r\n'.repeat(2_000_000), ndjson)).status).toBe(204); // nothing but blank lines
});
