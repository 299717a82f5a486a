import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batched, binary, cloudEvent, postCloudEvent, structured } from '../../support/protocols/cloudevents.ts';
import { storedIds } from '../../support/protocols/adapter.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const json = { 'content-type': 'application/json' };
const { 'ce-time': _, ...timeless } = binary;

describe('what is no such request is refused, and says why', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ TIDINGS_MAX_BODY_BYTES: '100000' });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each<[string, unknown, Record<string, string>, number, RegExp]>([
    ['neither attributes nor type', {}, json, 415, /or the attributes as ce- headers, got application\/json/],
    ['another format', 'x', { ...binary, 'content-type': 'application/cloudevents+avro' }, 415, /got application\/cloudevents\+avro/],
    ['no JSON', '{"id"', structured, 422, /the body: expected a CloudEvent, got what is no JSON/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), structured, 422, /got bytes that are no UTF-8/],
    ['no batch', {}, batched, 422, /expected an array of CloudEvents, got an object/],
    ['no UTF-8 in a header', '', { ...binary, 'ce-subject': '%C0%A0' }, 422, /ce-subject: expected percent-encoded UTF-8/],
    ['a type of the data in two places', '', { ...binary, 'ce-datacontenttype': 'text/plain' }, 422, /ce-datacontenttype: expected none/],
    ['a binary one without time', '', timeless, 422, /Nothing was stored: 1 of 1/],
    ['data that is not what its type says', '{', { ...binary, ...json }, 422, /Nothing was stored: 1 of 1/],
    ['another packing', 'text', { ...structured, 'content-encoding': 'br' }, 415, /content-encoding: expected gzip/],
    ['a bomb', gzipSync(' '.repeat(50_000_000)), { ...structured, 'content-encoding': 'gzip' }, 413, /at most 100000 bytes, uncompressed/],
  ])('%s', async (_what, body, given, status, message) => {
    const response = await postCloudEvent(server, body, given);
    expect(response.body.exception_message).toMatch(message);
    expect(response.status).toBe(status);
    expect(await storedIds(server)).toEqual([]);
  });

  test('another method', async () => {
    const response = await fetch(`${server.tidings.url}/cloudevents`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'OPTIONS, POST']);
  });

  test('U+0000 in a header', async () => {
    const response = await postCloudEvent(server, '', { ...binary, 'ce-subject': 'a%00' }, '?on_error=skip');
    expect(response.body.results).toMatchObject([{ status: 'rejected', detail: [{ loc: ['body', 'subject'] }] }]);
  });

  test.each<[string, string[], number]>([
    ['the same attribute twice', ['ce-id: 2'], 422],
    ['more labels than a resource may have', Array.from({ length: 501 }, (_, n) => `ce-x${n}: y`), 422],
    ['more headers than are kept, which may have been attributes', [...Array<string>(1000).fill('a:'), 'ce-follows: 1'], 431],
    ['headers without an end', Array<string>(20_000).fill('a:'), 431],
  ])('%s', async (_what, more, status) => {
    const lines = [
      ...Object.entries(binary).map(([name, value]) => `${name}: ${value}`),
      ...more,
      'content-length: 0',
      'connection: close',
    ];
    expect(await statusOf(server, `POST /cloudevents HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join('\r\n')}\r\n\r\n`)).toBe(status);
    expect(await storedIds(server)).toEqual([]);
  });
});

/** Sends a request as it stands, and resolves with the status of the answer. */
async function statusOf(server: TestServer, request: string): Promise<number> {
  const socket = connect(Number(new URL(server.tidings.url).port), '127.0.0.1');
  socket.on('error', () => undefined); // it may be closed while more is being sent
  socket.write(request);
  const [response] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return Number(response.toString().split(' ')[1]);
}

describe('a sender of webhooks that asks whether it may come', () => {
  const validationRequest = (server: TestServer, key?: string) =>
    fetch(`${server.tidings.url}/cloudevents`, {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': 'events.example', ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    });

  test('is told yes, without a limit on its rate', async () => {
    await using server = await startTestServer();
    const { status, headers } = await validationRequest(server);
    expect([status, ...['allow', 'webhook-allowed-origin', 'webhook-allowed-rate'].map((name) => headers.get(name))]).toEqual([
      204,
      'OPTIONS, POST',
      'events.example',
      '*',
    ]);
  });

  test('is told nothing when it has no key that may emit, and cannot post either', async () => {
    const adminKey = 'an-admin-key-that-is-long-enough';
    await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
    const rejected = await validationRequest(server);
    expect([rejected.status, rejected.headers.get('webhook-allowed-origin')]).toEqual([401, null]);
    expect((await postCloudEvent(server, cloudEvent('1'))).status).toBe(401);
    expect((await validationRequest(server, adminKey)).headers.get('webhook-allowed-origin')).toBe('events.example');
    expect((await postCloudEvent(server, cloudEvent('1'), { ...structured, authorization: `Bearer ${adminKey}` })).status).toBe(204);
  });
});
