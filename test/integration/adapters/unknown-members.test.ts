import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { headOf, postTo, storedIds, type Posted } from '../../support/protocols/adapter.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const json = { 'content-type': 'application/json' };
const ndjson = { 'content-type': 'application/x-ndjson' };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

function post(body: unknown, headers: Record<string, string> = json, query = ''): Promise<Posted> {
  return postTo(server, `/api/events${query}`, body, headers);
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

describe('unknown members', () => {
  const typo = (id: string): object => document(id, { playload: { a: 1 }, folows: 'x' });
  const expected = 'expected no members but id, occurred, event, resource, related, payload, follows';

  test('are ignored, and reported in the response and by a metric', async () => {
    const before = await unknownMembers();
    expect(await post(typo('typo.a'))).toMatchObject({
      status: 200,
      body: {
        created: 1,
        duplicates: 0,
        rejected: 0,
        warnings: [{ loc: ['body', 'playload'], msg: `ignored: ${expected}`, type: 'unknown_member' }, { loc: ['body', 'folows'] }],
      },
    });
    const skipped = await post([document('typo.b'), typo('typo.c'), { folows: 1 }], json, '?on_error=skip');
    expect(skipped.body).toMatchObject({ created: 2, rejected: 1, results: [{}, {}, {}] });
    expect(skipped.body.warnings.map(({ loc }: any) => loc.slice(1))).toEqual([
      [1, 'playload'],
      [1, 'folows'],
      [2, 'folows'],
    ]);
    const rejected = await post(`${JSON.stringify({ ...typo('typo.d'), event: '' })}\n`, ndjson);
    expect(rejected).toMatchObject({ status: 422, body: { warnings: [{ loc: ['body', 0, 'playload'] }, { loc: ['body', 0, 'folows'] }] } });
    expect((await unknownMembers()) - before).toBe(7);
  });

  test('are not the members of documents that were read from the log', async () => {
    expect((await post(document('read', { received: '2026-11-23T14:41:11Z', cursor: 'x' }), json, '?strict=true')).status).toBe(204);
  });

  test('are rejected with strict=true', async () => {
    const before = await headOf(server);
    const strict = await post([document('strict.a'), typo('strict.b')], json, '?strict=true');
    expect(strict.status).toBe(422);
    expect(strict.body.exception_detail).toEqual([
      { loc: ['body', 1, 'playload'], msg: expected, type: 'invalid' },
      { loc: ['body', 1, 'folows'], msg: expected, type: 'invalid' },
    ]);
    const skipped = await post([document('strict.a'), typo('strict.b')], json, '?strict=true&on_error=skip');
    expect(skipped.body.results.map(({ status }: any) => status)).toEqual(['created', 'rejected']);
    expect((await post(typo('strict.c'), json, '?strict=false')).status).toBe(200);
    expect(await storedIds(server, before)).toEqual(['strict.a', 'strict.c']);
  });

  test('with long or strange names, and many of them, keep the response small', async () => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`${n}${'x'.repeat(300)}`, n]));
    const { status, body } = await post(JSON.stringify({ ...document('many', many), '\0': 1 }).replace('{', '{"__proto__":1,'));
    expect(status).toBe(200);
    expect(body.warnings).toHaveLength(1000);
    expect(JSON.stringify(body).length).toBeLessThan(300_000);
  });

  async function unknownMembers(): Promise<number> {
    const text = await (await fetch(`${server.tidings.url}/metrics`)).text();
    return Number(/^tidings_unknown_members_total\{protocol="documents"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  }
});

test('what on_error=skip rejects is stored for inspection, as received', async () => {
  const noEvent = { ...document('kept'), event: '' };
  const line = '{"id": "kept.line", "event": 1.0}';
  await post([document('kept.valid'), noEvent], json, '?on_error=skip');
  await post(`${JSON.stringify(document('kept.valid'))}\n${line}\n`, ndjson, '?on_error=skip');
  await post(`${line}\n`, ndjson); // rejected as a whole
  const { rejectedEvents } = await server.data('{ rejectedEvents(first: 2) { nodes { protocol reason raw } } }');
  expect(rejectedEvents.nodes).toEqual([
    { protocol: 'documents', reason: expect.stringMatching(/^1\.occurred: expected an RFC 3339 time/), raw: line },
    { protocol: 'documents', reason: '1.event: expected a non-empty string, got an empty one', raw: JSON.stringify(noEvent) },
  ]);
});
