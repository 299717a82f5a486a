import { createConnection } from 'node:net';
import { WebSocket } from 'ws';
import type { Random } from '../oracle/random.ts';
import { mangled, randomRequest, type GraphQLRequest } from './random-request.ts';

/**
 * Sends one request or connection. Resolves with the text of the responses; 'closed' if there was
 * none.
 */
export type Probe = (url: string, random: Random) => Promise<string>;

/** Valid HTTP with mangled GraphQL. */
const validHttp: Probe = async (url, random) => {
  const graphqlRequest = randomRequest(random);
  const accept = random.pick(['application/json', 'text/event-stream', 'application/graphql-response+json', '*/*', 'nonsense']);
  const signal = AbortSignal.timeout(1500);
  const pending = random.chance(0.2)
    ? fetch(`${url}/graphql?${new URLSearchParams(textOf(graphqlRequest))}`, { headers: { accept }, signal })
    : fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { accept, 'content-type': 'application/json' },
        body: bodyOf(graphqlRequest, random),
        signal,
      });
  return pending.then(
    async (response) => `${response.status} ${await firstChunks(response)}`,
    () => 'closed',
  );
};

/** Bytes that resemble HTTP. */
const brokenHttp: Probe = async (url, random) => {
  const body = bodyOf(randomRequest(random), random);
  const path = random.pick([
    '/graphql',
    '/graphql?query={head}',
    '//graphql',
    '/graphql/../metrics',
    '/%00',
    '/graphql%',
    '/graphql?variables={',
    '/api/events',
    '*',
    'http://elsewhere/graphql',
    '/metrics',
    '/'.repeat(8000),
  ]);
  const head = [
    `${random.pick(['POST', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'post', 'CONNECT', 'QUERY'])} ${path} HTTP/1.1`,
    `Host: ${random.pick(['localhost', '127.0.0.1', 'evil.example', '[::1', 'a b', ''])}`,
    `Content-Type: ${random.pick(['application/json', 'application/json; charset=utf-16', 'text/plain', 'multipart/form-data', ''])}`,
    random.pick([
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Content-Length: -1',
      'Content-Length: 9999999999',
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: chunked\r\nContent-Length: 3',
    ]),
    random.pick([
      'Accept: text/event-stream',
      `X-Large: ${'x'.repeat(random.pick([10, 20_000]))}`,
      'Expect: 100-continue',
      'Authorization: Bearer \0',
      'Upgrade: websocket\r\nConnection: Upgrade',
      'Upgrade: h2c\r\nConnection: Upgrade',
      'Origin: null',
      'Content-Encoding: gzip',
    ]),
  ].join('\r\n');
  const text = `${head}\r\n\r\n${body}`;
  return exchange(url, Buffer.from(random.chance(0.5) ? text : mangled(text, random), random.pick(['utf8', 'latin1'] as const)), random);
};

/** A valid WebSocket with mangled messages and several operations at once. */
const validSocket: Probe = async (url, random) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const received: string[] = [];
  socket.on('error', () => undefined).on('message', (data: Buffer) => received.push(data.toString().slice(0, 5000)));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  if (await Promise.race([new Promise((resolve) => socket.once('open', () => resolve(true))), closed.then(() => false)])) {
    if (random.chance(0.95))
      socket.send(JSON.stringify({ type: 'connection_init', payload: random.chance(0.1) ? { authorization: '\0' } : undefined }));
    for (let remaining = random.between(1, 12); remaining > 0; remaining -= 1) {
      const id = random.chance(0.9)
        ? `o${random.between(0, 5)}-${remaining}`
        : random.pick(['', '__proto__', 'x'.repeat(300), '\0', 'constructor']);
      const message = JSON.stringify(
        random.pick<unknown>([
          { id, type: 'subscribe', payload: randomRequest(random) },
          { id, type: 'subscribe', payload: randomRequest(random) },
          { id, type: 'complete' },
          { type: 'ping', payload: { a: 'x'.repeat(random.pick([1, 10_000])) } },
          { type: 'pong' },
          { id, type: random.pick(['next', 'error', 'connection_ack', '', '__proto__']), payload: randomRequest(random) },
        ]),
      );
      const sent = random.chance(0.1) ? mangled(message, random) : message;
      socket.send(random.chance(0.05) ? Buffer.from(sent) : sent, () => undefined);
      if (random.chance(0.05)) socket.ping('x'.repeat(100), true, () => undefined);
    }
    const closeTimer = setTimeout(() => (random.chance(0.5) ? socket.close() : socket.terminate()), random.between(5, 150));
    const terminateTimer = setTimeout(() => socket.terminate(), 1000);
    await closed;
    clearTimeout(closeTimer);
    clearTimeout(terminateTimer);
  }
  return received.join('\n');
};

/** A WebSocket with malformed frames. */
const brokenSocket: Probe = async (url, random) => {
  const upgrade = `GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: ${random.pick(['13', '8', ''])}\r\nSec-WebSocket-Key: ${random.pick(['dGhlIHNhbXBsZSBub25jZQ==', 'short', ''])}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`;
  const frames = Array.from({ length: random.between(0, 5) }, () => {
    const payload = Buffer.from(random.pick(['{"type":"connection_init"}', '{', '\ud800', 'x'.repeat(100)]));
    const header = [
      random.pick([0x81, 0x01, 0x80, 0x82, 0xc1, 0x88, 0x89, 0x83, 0xff, 0x00]),
      random.pick([0x80 | payload.length, payload.length, 0xff, 0xfe, 0x80]),
    ];
    return Buffer.concat([Buffer.from(header), Buffer.from([1, 2, 3, 4]), payload.map((byte, at) => byte ^ ((at % 4) + 1))]);
  });
  return exchange(url, Buffer.concat([Buffer.from(upgrade), ...frames]), random);
};

export const probes: Readonly<Record<string, Probe>> = { validHttp, brokenHttp, validSocket, brokenSocket };

function textOf(graphqlRequest: GraphQLRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(graphqlRequest).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function bodyOf(graphqlRequest: GraphQLRequest, random: Random): string {
  if (random.chance(0.01)) return random.pick(['[', '{"a":']).repeat(random.pick([1000, 100_000]));
  const body = JSON.stringify(random.chance(0.02) ? [graphqlRequest, graphqlRequest] : graphqlRequest);
  return random.chance(0.1) ? mangled(body, random) : body;
}

/**
 * Sends bytes, sometimes in two parts. Resolves with the received bytes when the connection has
 * closed.
 */
async function exchange(url: string, bytes: Buffer, random: Random): Promise<string> {
  const socket = createConnection(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (text += chunk.toString('latin1').slice(0, 5000)));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const at = random.chance(0.3) ? random.between(0, bytes.length) : bytes.length;
  socket.write(bytes.subarray(0, at));
  if (at < bytes.length && random.chance(0.7)) socket.write(bytes.subarray(at));
  if (random.chance(0.3)) socket.end();
  const closeTimer = setTimeout(
    () => (socket.connecting || random.chance(0.5) ? socket.destroy() : socket.resetAndDestroy()),
    random.between(5, 200),
  );
  await closed;
  clearTimeout(closeTimer);
  return text;
}

/** The start of a response, which can be a stream. */
async function firstChunks(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.includes('text/event-stream') !== true) return response.text();
  const reader = response.body!.getReader();
  let text = '';
  for (let remaining = 3; remaining > 0; remaining -= 1) {
    const { done, value } = await Promise.race([
      reader.read().catch(() => ({ done: true, value: undefined }) as const), // aborted by the timeout
      new Promise<{ done: true; value: undefined }>((resolve) => setTimeout(resolve, 100, { done: true })),
    ]);
    if (done) break;
    text += Buffer.from(value!).toString();
  }
  await reader.cancel().catch(() => undefined);
  return text;
}
