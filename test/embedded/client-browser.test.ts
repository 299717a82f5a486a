import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/package-info.ts';
import { chromiumPath } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';
import { startTestServer } from '../support/test-server.ts';

/** Runs in the page: emits and follows over WebSocket and shows a list with React, or leaves events in an outbox. */
const program = `
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { useFeed } from './src/client/react-hooks.ts';
import { createTidings, indexedDbOutbox } from './src/client/tidings-client.ts';
const { url, isLost } = await (await fetch('/task')).json();
const report = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
try {
  const tidings = createTidings(url, { outbox: indexedDbOutbox('tidings'), onProblem: () => undefined });
  if (isLost) {
    const ids = Array.from({ length: 50 }, (_, n) => tidings.emit('page.kept', { resource: 'page', id: 'kept-' + n }).id);
    await tidings.ready();
    await report({ ids });
  } else {
    const stream = tidings.events({ event: { in: ['page.live', 'page.kept'] } }, { after: 'beginning' });
    const ids = [];
    const live = tidings.emit('page.live', { resource: 'page', id: 'live', payload: { big: 9007199254740993n } });
    let big;
    for await (const event of stream) {
      if (event.id === 'live') big = String(event.payload.big);
      if (ids.push(event.id) === 51) break;
    }
    const shown = await new Promise((resolve) => {
      const List = () => {
        const { rows, state } = useFeed(tidings, { filter: { event: { startsWith: ['page.'] } }, pageSize: 60 });
        if (rows.length === 51 && state === 'live') void tidings.emit('page.later', { resource: 'page', id: 'later' });
        if (rows.length === 52) resolve(rows[0].id);
        return createElement('p', null, rows.length);
      };
      createRoot(document.body).render(createElement(List));
    });
    await report({ ids, big, shown, status: (await live).status });
  }
} catch (error) {
  await report({ error: String(error) });
}`;

test.skipIf(chromiumPath === null)('a page emits and follows in Chromium, and its outbox survives a killed browser', async () => {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: packageRoot, loader: 'js' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
  const profile = mkdtempSync(join(tmpdir(), 'tidings-browser-'));
  let task = { url: `http://127.0.0.1:${await freePort()}`, isLost: true };
  let receive: (result: any) => void;
  const pages = createServer((request, response) => {
    if (request.url === '/task') return response.end(JSON.stringify(task));
    if (request.url === '/program.js') return response.setHeader('content-type', 'text/javascript').end(outputFiles[0]!.text);
    if (request.url !== '/result')
      return response.setHeader('content-type', 'text/html').end('<script type=module src=/program.js></script>');
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => (receive(JSON.parse(body)), response.end()));
    return undefined;
  });
  await once(pages.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  await using server = await startTestServer({ TIDINGS_ALLOWED_ORIGINS: origin });
  const visit = async (): Promise<any> => {
    const result = new Promise<any>((resolve) => (receive = resolve));
    const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${profile}`, origin];
    const browser = spawn(chromiumPath ?? '', args, { stdio: 'ignore', detached: true });
    const ended = once(browser, 'exit');
    try {
      return await result;
    } finally {
      process.kill(-browser.pid!, 'SIGKILL');
      await ended;
    }
  };
  try {
    expect((await visit()).ids).toHaveLength(50);
    task = { url: server.tidings.url, isLost: false };
    const { ids, big, status, shown, error } = await visit();
    expect({ big, status, shown, error }).toEqual({ big: '9007199254740993', status: 'CREATED', shown: 'later', error: undefined });
    expect(ids.toSorted()).toEqual(['live', ...Array.from({ length: 50 }, (_, n) => `kept-${n}`)].toSorted());
  } finally {
    pages.close();
    pages.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
