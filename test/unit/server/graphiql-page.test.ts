import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createGraphiQLPage } from '../../../src/server/graphql/graphiql-page.ts';

test('GraphiQL is rendered once, and again when the first key is created', async () => {
  const keys = { isOpen: true };
  const page = createGraphiQLPage(keys);
  const server = createServer((request, response) => void page().then((each) => each.send(request, response)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const got = async (headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers });
  try {
    const [first, second] = await Promise.all([page(), page()]);
    expect(first).toBe(second);
    const open = await got();
    expect(open.headers.get('content-encoding')).toBe('gzip');
    const etag = open.headers.get('etag')!;
    expect(await open.text()).toContain('"subscriptionsProtocol":"WS"');
    expect((await got({ 'if-none-match': etag })).status).toBe(304);
    keys.isOpen = false;
    const closed = await got({ 'if-none-match': etag });
    expect([closed.status, closed.headers.get('etag') === etag]).toEqual([200, false]);
    expect(await closed.text()).toContain('"subscriptionsProtocol":"SSE"');
    expect(await page()).not.toBe(first);
  } finally {
    server.close();
  }
});
