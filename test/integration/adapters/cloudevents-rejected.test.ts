import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storedIds } from '../../support/protocols/adapter.ts';
import { batched, binary, cloudEvent, postCloudEvent, structured } from '../../support/protocols/cloudevents.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const json = { 'content-type': 'application/json' };
const { 'ce-time': _, ...timeless } = binary;

describe('an invalid request is rejected with the reason', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ TIDINGS_MAX_BODY_BYTES: '100000' });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each<[string, unknown, Record<string, string>, number, RegExp]>([
    ['neither attributes nor type', {}, json, 415, /or the attributes as ce- headers, got application\/json/],
    ['another format', 'x', { ...binary, 'content-type': 'application/cloudevents+avro' }, 415, /got application\/cloudevents\+avro/],
    ['invalid JSON', '{"id"', structured, 422, /the body: expected a CloudEvent, got invalid JSON/],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), structured, 422, /got bytes that are not UTF-8/],
    ['no batch', {}, batched, 422, /expected an array of CloudEvents, got an object/],
    ['no UTF-8 in a header', '', { ...binary, 'ce-subject': '%C0%A0' }, 422, /ce-subject: expected percent-encoded UTF-8/],
    ['two types of the data', '', { ...binary, ...json, 'ce-datacontenttype': 'text/plain' }, 422, /ce-datacontenttype: expected none, or/],
    ['a binary one without time', '', timeless, 422, /Nothing was stored: 1 of 1/],
    ['data of another type than its content type', '{', { ...binary, ...json }, 422, /Nothing was stored: 1 of 1/],
    ['another compression', 'text', { ...structured, 'content-encoding': 'br' }, 415, /content-encoding: expected gzip/],
    [
      'a decompression bomb',
      gzipSync(' '.repeat(50_000_000)),
      { ...structured, 'content-encoding': 'gzip' },
      413,
      /at most 100000 bytes, uncompressed/,
    ],
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
    ['more labels than the limit of a resource', Array.from({ length: 501 }, (_, n) => `ce-x${n}: y`), 422],
    ['so many headers that Node may have dropped attributes', [...Array<string>(1000).fill('a:'), 'ce-follows: 1'], 431],
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

/** Sends the text of a request, and resolves with the status of the response. */
async function statusOf(server: TestServer, request: string): Promise<number> {
  const socket = connect(Number(new URL(server.tidings.url).port), '127.0.0.1');
  socket.on('error', () => undefined); // the server may close it while more is being sent
  socket.write(request);
  const [response] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return Number(response.toString().split(' ')[1]);
}

describe('the handshake of a webhook sender', () => {
  const validationRequest = (server: TestServer, key?: string) =>
    fetch(`${server.tidings.url}/cloudevents`, {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': 'events.example', ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    });

  test('gets consent, without a limit on its rate', async () => {
    await using server = await startTestServer();
    const { status, headers } = await validationRequest(server);
    expect([status, ...['allow', 'webhook-allowed-origin', 'webhook-allowed-rate'].map((name) => headers.get(name))]).toEqual([
      204,
      'OPTIONS, POST',
      'events.example',
      '*',
    ]);
  });

  test('gets no consent without a key that can emit, and cannot post either', async () => {
    const adminKey = 'an-admin-key-that-is-long-enough';
    await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
    const rejected = await validationRequest(server);
    expect([rejected.status, rejected.headers.get('webhook-allowed-origin')]).toEqual([401, null]);
    expect((await postCloudEvent(server, cloudEvent('1'))).status).toBe(401);
    expect((await validationRequest(server, adminKey)).headers.get('webhook-allowed-origin')).toBe('events.example');
    expect((await postCloudEvent(server, cloudEvent('1'), { ...structured, authorization: `Bearer ${adminKey}` })).status).toBe(204);
  });
});
