import { once } from 'node:events';
import { createConnection } from 'node:net';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTidings, type Tidings } from '../../../src/main.ts';
import { readSettings } from '../../../src/settings.ts';
import { newDatabase } from '../../support/test-server.ts';

const maxBytes = 20_000;
const logged: string[] = [];
let tidings: Tidings;
let stop: () => Promise<void>;
beforeAll(async () => {
  const testDatabase = await newDatabase();
  const log = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(chunk.toString());
      done();
    },
  });
  const settings = readSettings({ ...testDatabase.environment, PORT: '0', TIDINGS_MAX_BODY_BYTES: String(maxBytes) });
  tidings = await startTidings(settings, pino({ level: 'debug' }, log));
  stop = async () => {
    await tidings[Symbol.asyncDispose]();
    await testDatabase[Symbol.asyncDispose]();
  };
});
afterAll(() => stop());

interface Answer {
  readonly status: number;
  readonly data?: any;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

async function post(body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${tidings.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    duplex: 'half',
  } as RequestInit);
  return { status: response.status, ...((await response.json()) as object) };
}

/** A body whose length the client does not send. */
function chunked(bytes: Uint8Array): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

const gzip = { 'content-encoding': 'gzip' };
const query = JSON.stringify({ query: '{ head }' });
const tooLarge = {
  status: 413,
  errors: [
    {
      message: `expected a body of at most ${maxBytes} bytes, uncompressed; send it in parts, or raise TIDINGS_MAX_BODY_BYTES`,
      extensions: { code: 'LIMIT_EXCEEDED' },
    },
  ],
};

describe('a gzip body', () => {
  test('is decompressed', async () => {
    const emission = {
      query: 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }',
      variables: { input: Array.from({ length: 100 }, (_, n) => ({ id: `e${n}`, event: 'a', resource: { id: 'r' } })) },
    };
    const bytes = gzipSync(JSON.stringify(emission));
    expect(await post(bytes, gzip)).toEqual({ status: 200, data: { emitEvents: { created: 100 } } });
    expect((await post(chunked(gzipSync(query)), gzip)).status).toBe(200);
  });

  test('can have several members', async () => {
    expect((await post(Buffer.concat([gzipSync(query.slice(0, 5)), gzipSync(query.slice(5))]), gzip)).status).toBe(200);
  });

  test('that decompresses to more than the limit is rejected', async () => {
    const padded = (bytes: number): Buffer<ArrayBuffer> => gzipSync(query.padEnd(bytes, ' '));
    expect((await post(padded(maxBytes), gzip)).status).toBe(200);
    expect(await post(padded(maxBytes + 1), gzip)).toEqual(tooLarge);
    expect(await post(chunked(padded(maxBytes + 1)), gzip)).toEqual(tooLarge);
    const bomb = padded(100_000_000).subarray(0, maxBytes);
    expect(await post(bomb, gzip)).toEqual(tooLarge);
  });

  test.each([
    ['is not gzip', Buffer.from(query)],
    ['is truncated', gzipSync(query).subarray(0, -8)],
    ['is empty', Buffer.alloc(0)],
    ['is damaged', gzipSync(query).fill(0, 15, 20)],
  ])('that %s is rejected', async (_what, bytes) => {
    const { status, errors } = await post(chunked(bytes), gzip);
    expect([status, errors?.[0]?.extensions.code]).toEqual([422, 'BAD_USER_INPUT']);
    expect(errors?.[0]?.message).toMatch(/^content-encoding: expected gzip, got invalid data \(.+\)$/);
  });
});

test.each(['br', 'gzip, gzip', 'nonsense'])('a body of the encoding %s is rejected', async (encoding) => {
  const { status, errors } = await post(query, { 'content-encoding': encoding });
  expect([status, errors?.[0]]).toEqual([
    415,
    {
      message: expect.stringMatching(/^content-encoding: expected gzip, deflate(, zstd)? or none, got "[a-z, ]+"$/),
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});

test('a body over the limit is rejected, with and without content-length', async () => {
  const atLimit = Buffer.from(query.padEnd(maxBytes, ' '));
  const overLimit = Buffer.from(query.padEnd(maxBytes + 1, ' '));
  for (const body of [atLimit, chunked(atLimit)]) expect((await post(body)).status).toBe(200);
  for (const body of [overLimit, chunked(overLimit)]) expect(await post(body)).toEqual(tooLarge);
});

test.each([
  ['plain', [], Buffer.from(query)],
  ['gzip', ['content-encoding: gzip'], gzipSync(query)],
])('an upload that the client aborts is not an error of the server: %s', async (_what, headers, body) => {
  logged.length = 0;
  for (const keptBytes of [0, 1, 12, body.length - 1]) {
    const socket = createConnection(Number(new URL(tidings.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const lines = ['POST /graphql HTTP/1.1', 'host: localhost', 'content-type: application/json', `content-length: ${body.length}`];
    socket.write(`${[...lines, ...headers].join('\r\n')}\r\n\r\n`);
    socket.write(body.subarray(0, keptBytes));
    await once(socket, 'connect');
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (keptBytes % 2 === 0) socket.resetAndDestroy();
    else socket.destroy();
  }
  // The request log has one line for each, without a status.
  const aborted = (): readonly string[] => logged.filter((line) => line.includes('"method":"POST"') && line.includes('"status":null'));
  await expect.poll(aborted).toHaveLength(4);
  expect(logged.map((line) => JSON.parse(line).level as number).filter((level) => level >= 40)).toEqual([]);
  expect(await (await fetch(`${tidings.url}/metrics`)).text()).toMatch(/^tidings_unexpected_errors_total 0$/m);
});
