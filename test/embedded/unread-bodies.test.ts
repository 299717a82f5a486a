import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminKey } from '../support/keys.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const maxBytes = 100_000;
/** More than the buffers of both ends of a connection take. */
const large = Buffer.alloc(12_000_000, ' ');
let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_BODY_BYTES: String(maxBytes) });
  ({ url } = server.tidings);
});
afterAll(() => server[Symbol.asyncDispose]());

const json = { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` };
const batch = { ...json, 'content-type': 'application/cloudevents-batch+json' };
const rejected: readonly (readonly [status: number, path: string, headers: Readonly<Record<string, string>>])[] = [
  [413, '/graphql', json],
  [413, '/api/events', json],
  [413, '/cloudevents', batch],
  [413, '/api/events/filter', json],
  [413, '/api/events/count-by/day', json],
  [415, '/graphql', { ...json, 'content-type': 'text/plain' }],
  [415, '/api/events', { ...json, 'content-encoding': 'br' }],
  [401, '/graphql', { ...json, authorization: 'Bearer none' }],
  [401, '/cloudevents', { ...batch, authorization: 'Bearer none' }],
  [403, '/api/events', { ...json, origin: 'https://evil.example' }],
  [404, '/elsewhere', json],
  [405, '/api/events/filter/next', json],
];

/** A body of which the client sends no length. */
const chunked = (): ReadableStream =>
  new ReadableStream({
    start(controller) {
      for (let from = 0; from < large.length; from += 1 << 20) controller.enqueue(large.subarray(from, from + (1 << 20)));
      controller.close();
    },
  });

describe.each(rejected)('%i at %s', (status, path, headers) => {
  test('reaches fetch', async () => {
    for (const body of [large, chunked()]) {
      const response = await fetch(`${url}${path}`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
      expect(response.status).toBe(status);
      await response.text();
    }
  });

  test('reaches a client that sends its whole body first', async () => {
    for (const isChunked of [false, true]) expect(await sentWhole({ path, headers, isChunked })).toBe(status);
    expect(await sentWhole({ path, headers: { ...headers, connection: 'close' }, isChunked: false })).toBe(status);
  });
});

interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly isChunked: boolean;
}

/** The status that a client gets that does not read before it has sent its whole body. */
async function sentWhole({ path, headers, isChunked }: Sent): Promise<number> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  try {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const length = isChunked ? 'transfer-encoding: chunked' : `content-length: ${large.length}`;
    socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join('')}${length}\r\n\r\n`);
    if (isChunked) socket.write(`${large.length.toString(16)}\r\n`);
    const isSent = new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.write(large, () => resolve());
    });
    await isSent;
    if (isChunked) socket.write('\r\n0\r\n\r\n');
    const [head] = await once(socket, 'data');
    return Number(String(head).split(' ')[1]);
  } finally {
    socket.destroy();
  }
}

test('the connection serves the next request', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const start = `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${large.length}\r\n\r\n`;
  socket.write(start);
  socket.write(large);
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString();
    if (received.includes('HTTP/1.1 200')) socket.end();
  });
  socket.write('GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  await once(socket, 'close');
  expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
});

test('a client that waits for "100 Continue" sends no body if its request is rejected before', async () => {
  const statusOf = (length: number, key: string): Promise<readonly [status: number, isContinued: boolean]> =>
    new Promise((resolve, reject) => {
      const headers = { ...json, authorization: `Bearer ${key}`, expect: '100-continue', 'content-length': length };
      const sent = request(`${url}/graphql`, { method: 'POST', headers });
      let isContinued = false;
      sent.once('continue', () => {
        isContinued = true;
        sent.end('{"query":"{ head }"}'.padEnd(length));
      });
      sent.once('error', reject);
      sent.once('response', (response) => {
        response.resume();
        resolve([response.statusCode ?? 0, isContinued]);
        sent.destroy();
      });
      sent.flushHeaders();
    });
  expect(await statusOf(100, adminKey)).toEqual([200, true]);
  expect(await statusOf(maxBytes + 1, adminKey)).toEqual([413, false]);
  expect(await statusOf(100, 'none')).toEqual([401, false]);
});

test('an endless body is not read for ever', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  let isClosed = false;
  const closed = new Promise<void>((resolve) => socket.once('close', resolve)).then(() => (isClosed = true));
  socket.write('POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100000000000\r\n\r\n');
  let sentBytes = 0;
  while (!isClosed) {
    if (!socket.write(large)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    sentBytes += large.length;
  }
  expect(sentBytes).toBeGreaterThan(256 << 20);
});

const client = `
import http.client, sys, urllib.error, urllib.request
url, path, key = sys.argv[1:]
headers = {'content-type': 'application/json', 'authorization': 'Bearer ' + key}
body = b' ' * 12000000
try:
    urllib.request.urlopen(urllib.request.Request(url + path, body, headers))
except urllib.error.HTTPError as error:
    print(error.code)
for kept in (body, iter([body[:1000000]] * 12)):
    connection = http.client.HTTPConnection(url.split('//')[1])
    connection.request('POST', path, kept, headers)
    print(connection.getresponse().status)
`;

test.each(['/graphql', '/api/events'])('Python gets the 413 of %s', async (path) => {
  if (!hasPython()) return console.log('skipped: Python is missing');
  const printed = await new Promise((resolve) =>
    execFile('python3', ['-c', client, url, path, adminKey], (_error, out, err) => resolve(out + err)),
  );
  expect(printed).toBe('413\n413\n413\n');
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
