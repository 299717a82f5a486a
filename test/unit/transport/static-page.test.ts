import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StaticPage } from '../../../src/transport/static-page.ts';

const html = `<!doctype html>${'ä '.repeat(10_000)}`;
const pages: Readonly<Record<string, StaticPage>> = {
  '/long': new StaticPage({ plain: Buffer.from(html), gzip: gzipSync(html), hash: 'h' }),
  '/short': StaticPage.of('<p>short'),
};
let server: Server;
beforeAll(async () => {
  server = createServer((from, response) => pages[from.url ?? '']?.send(from, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => server.close());

interface Got {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

async function got(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Got> {
  const { port } = server.address() as AddressInfo;
  const sent = request({ port, path, headers, method, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(await response.toArray()) };
}

test('a long page is compressed for clients that accept it, each form with a tag of its own', async () => {
  const plain = await got('/long');
  expect([plain.status, plain.body.toString()]).toEqual([200, html]);
  expect(plain.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-length': String(Buffer.byteLength(html)),
    'cache-control': 'no-cache',
    vary: 'accept-encoding',
    etag: '"h"',
  });
  const compressed = await got('/long', { 'accept-encoding': 'br, gzip' });
  expect(compressed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding', etag: '"h-gzip"' });
  expect(gunzipSync(compressed.body).toString()).toBe(html);
  const short = await got('/short', { 'accept-encoding': 'gzip' });
  expect([short.headers['content-encoding'], short.body.toString()]).toEqual([undefined, '<p>short']);
});

test.each([
  ['"h"', 304],
  ['W/"h"', 304],
  ['"other", W/"h"', 304],
  ['*', 304],
  ['"h-gzip"', 200],
  ['"H"', 200],
  ['h', 200],
  ['', 200],
])('if-none-match %j gets %i', async (given, status) => {
  for (const method of ['GET', 'HEAD']) {
    const { headers, body, ...answer } = await got('/long', { 'if-none-match': given }, method);
    expect([answer.status, headers.etag, headers.vary, headers['cache-control']]).toEqual([status, '"h"', 'accept-encoding', 'no-cache']);
    expect(body.length > 0).toBe(method === 'GET' && status === 200);
  }
  expect((await got('/long', { 'if-none-match': given }, 'POST')).status).toBe(200);
});

test('HEAD gets the headers of GET', async () => {
  for (const headers of [{}, { 'accept-encoding': 'gzip' }] as const) {
    const [head, full] = [await got('/long', headers, 'HEAD'), await got('/long', headers)];
    expect({ ...head.headers, date: '' }).toEqual({ ...full.headers, date: '' });
    expect(head.body).toHaveLength(0);
  }
});

test('the tag of a page follows its content', async () => {
  const tagOf = async (text: string): Promise<unknown> => {
    Object.assign(pages, { '/changing': StaticPage.of(text) });
    return (await got('/changing')).headers.etag;
  };
  expect(await tagOf('a')).toBe(await tagOf('a'));
  expect(await tagOf('a')).not.toBe(await tagOf('b'));
});
