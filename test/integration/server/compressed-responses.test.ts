import { get, type IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const origin = 'https://feed.example.com';
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ TIDINGS_ALLOWED_ORIGINS: origin, TIDINGS_MAX_COST: '50000' });
  const input = Array.from({ length: 200 }, (_, n) => ({ id: `e${n}`, event: `acme.order.packed-${n}`, resource: { id: `order.${n}` } }));
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

function fetchRaw(path: string, headers: Readonly<Record<string, string>>): Promise<Got> {
  return new Promise((resolve, reject) => {
    get(`${server.tidings.url}${path}`, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }));
    }).on('error', reject);
  });
}

const large = `/graphql?query=${encodeURIComponent('{ events(first: 200) { nodes { id event cursor resource { resourceId } } } }')}`;

test.each([
  [large, 'application/json'],
  [large, 'application/graphql-response+json'],
  ['/metrics', '*/*'],
])('a large response of %s as %s is compressed for clients that accept it', async (path, accept) => {
  const plain = await fetchRaw(path, { accept });
  expect(plain.headers).toMatchObject({ vary: expect.stringContaining('accept-encoding'), 'content-length': String(plain.bytes.length) });
  expect(plain.headers['content-encoding']).toBeUndefined();
  for (const accepted of ['gzip', 'br, gzip', 'GZIP;q=0.5', '*', 'deflate, x-gzip']) {
    const { status, headers, bytes } = await fetchRaw(path, { accept, origin, 'accept-encoding': accepted });
    expect([status, headers['content-encoding'], headers.vary], accepted).toEqual([200, 'gzip', 'origin, accept-encoding']);
    expect(headers['content-type']).toBe(plain.headers['content-type']);
    expect(bytes.length).toBeLessThan(plain.bytes.length / 3);
    if (path === large) expect(gunzipSync(bytes)).toEqual(plain.bytes);
    else expect(gunzipSync(bytes).toString()).toContain('tidings_log_head');
  }
  for (const accepted of ['', 'identity', 'br', 'gzip;q=0', 'gzip;q=0, *', '*;q=0', 'gzipped', 'gzip;q=x']) {
    expect((await fetchRaw(path, { accept, 'accept-encoding': accepted })).headers['content-encoding'], accepted).toBeUndefined();
  }
});

test('a short response and an event stream are not compressed', async () => {
  const short = await fetchRaw('/graphql?query={head}', { 'accept-encoding': 'gzip', origin });
  expect([short.headers['content-encoding'], short.headers.vary]).toEqual([undefined, 'origin, accept-encoding']);
  const query = encodeURIComponent('subscription { events { id } }');
  const stream = await fetch(`${server.tidings.url}/graphql?query=${query}`, { headers: { accept: 'text/event-stream' } });
  expect(stream.headers.get('content-encoding')).toBe('none');
  await stream.body!.cancel();
});

test("Prefect's pages and results of events are compressed", async () => {
  const headers = { 'content-type': 'application/json', 'accept-encoding': 'gzip' };
  const page = await fetch(`${server.tidings.url}/api/events/filter`, { method: 'POST', headers, body: '{"limit": 200}' });
  expect([page.headers.get('content-encoding'), page.headers.get('vary')]).toEqual(['gzip', 'origin, accept-encoding']);
  expect(((await page.json()) as any).events).toHaveLength(200);
  const invalid = JSON.stringify(Array.from({ length: 1000 }, () => ({})));
  const skipped = await fetch(`${server.tidings.url}/api/events?on_error=skip`, { method: 'POST', headers, body: invalid });
  expect(skipped.headers.get('content-encoding')).toBe('gzip');
  expect(await skipped.json()).toMatchObject({ rejected: 1000 });
});

test('the status of application/graphql-response+json tells what was rejected before execution', async () => {
  const statusesOf = async (query: string): Promise<unknown> => {
    const results = ['application/json', 'application/graphql-response+json'].map(async (accept) => {
      const { status, bytes } = await fetchRaw(`/graphql?query=${encodeURIComponent(query)}`, { accept });
      return [status, JSON.parse(bytes.toString()).errors?.[0].extensions.code];
    });
    return Promise.all(results);
  };
  const both = (code: string) => [
    [200, code],
    [400, code],
  ];
  const always = (code: string) => [
    [400, code],
    [400, code],
  ];
  const pages = Array.from({ length: 20 }, (_, n) => `a${n}: events(first: 1000) { nodes { id event cursor } }`);
  expect(await statusesOf(`{ ${pages.join(' ')} }`)).toEqual(both('LIMIT_EXCEEDED'));
  expect(await statusesOf('subscription { events { id } }')).toEqual(both('BAD_USER_INPUT'));
  expect(await statusesOf('query ($a: Int!) { events(first: $a) { head } }')).toEqual(always('BAD_USER_INPUT'));
  expect(await statusesOf('{ nothing }')).toEqual(both('GRAPHQL_VALIDATION_FAILED'));
  expect(await statusesOf('{')).toEqual(both('GRAPHQL_PARSE_FAILED'));
  expect(await statusesOf('query A { head } query B { head }')).toEqual(always('OPERATION_RESOLUTION_FAILURE'));
  expect(await statusesOf('{ head }')).toEqual([
    [200, undefined],
    [200, undefined],
  ]);
});
