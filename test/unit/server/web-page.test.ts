import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWebPage } from '../../../src/server/web-page.ts';

const script = 'export const value = 1;\n'.repeat(1000);
const folder = mkdtempSync(join(tmpdir(), 'tidings-web-page-'));
const server = createServer((from, response) => {
  const file = readWebPage(folder)?.fileAt(from.url ?? '');
  if (file === undefined) response.writeHead(404).end();
  else file.send(from, response);
});

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'licenses.md'), '# Licenses');
  writeFileSync(join(folder, 'manifest.json'), '{}');
  writeFileSync(join(folder, 'assets', 'index-1.js'), script);
  writeFileSync(join(folder, 'assets', 'index-1.js.gz'), gzipSync(script));
  writeFileSync(join(folder, 'assets', 'index-1.js.br'), brotliCompressSync(script));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

async function got(path: string, encodings = ''): Promise<{ response: IncomingMessage; body: Buffer }> {
  const { port } = server.address() as AddressInfo;
  const sent = request({ port, path, headers: { 'accept-encoding': encodings }, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { response, body: Buffer.concat(await response.toArray()) };
}

test('the page is compared at each visit; its assets are kept, since their names change with their content', async () => {
  const { response: page } = await got('/');
  expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
  const { response: asset } = await got('/assets/index-1.js');
  expect(asset.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  });
});

test.each([
  ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
  ['gzip, deflate', 'gzip', gunzipSync],
  ['br;q=0, gzip', 'gzip', gunzipSync],
  ['*', 'gzip', gunzipSync],
  ['', undefined, (bytes: Buffer) => bytes],
])('accept-encoding %j gets %s, with a tag of its own', async (accepted, coding, decoded) => {
  const { response, body } = await got('/assets/index-1.js', accepted);
  expect([response.statusCode, response.headers['content-encoding']]).toEqual([200, coding]);
  expect(response.headers.etag).toMatch(coding === undefined ? /^"[\w-]{43}"$/ : new RegExp(`-${coding}"$`));
  expect(decoded(body).toString()).toBe(script);
});

test('only files of the page are served, by their own paths', async () => {
  for (const path of ['/index.html', '/manifest.json', '/assets/index-1.js.br', '/assets/', '/assets/../index.html', '/../package.json']) {
    expect((await got(path)).response.statusCode, path).toBe(404);
  }
  expect((await got('/licenses.md')).body.toString()).toBe('# Licenses');
});

test('there is no page where it was not built', () => {
  expect(readWebPage(join(folder, 'assets'))).toBeNull();
});
