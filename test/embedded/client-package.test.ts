import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { packageRoot } from '../../src/package-info.ts';
import { freePort } from '../support/free-port.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const run = promisify(execFile);
const built = join(packageRoot, 'dist', 'client');
let project: string;
let tarball: string;
let server: TestServer;

beforeAll(async () => {
  const starting = startTestServer();
  project = mkdtempSync(join(tmpdir(), 'tidings-client-'));
  await run(join(packageRoot, '.ci', 'build-client'));
  await run('npm', ['pack', built, '--pack-destination', project]);
  tarball = join(
    project,
    readdirSync(project).find((name) => name.endsWith('.tgz'))!,
  );
  writeFileSync(join(project, 'package.json'), '{"type":"module","private":true}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: project });
  server = await starting;
});
afterAll(async () => {
  rmSync(project, { recursive: true });
  await server[Symbol.asyncDispose]();
});

test('publint and attw find nothing', async () => {
  const bin = join(packageRoot, 'node_modules', '.bin');
  await run(join(bin, 'publint'), ['--strict', built]);
  await run(join(bin, 'attw'), [tarball, '--profile', 'esm-only']);
});

test('the installed package runs the examples of its README in an empty project', async () => {
  symlinkSync(join(packageRoot, 'node_modules', 'zod'), join(project, 'node_modules', 'zod'));
  const readme = readFileSync(join(project, 'node_modules', '@tidings', 'client', 'README.md'), 'utf8');
  const examples = Array.from(readme.matchAll(/```(\w+)\n(.*?)```/gs));
  expect(examples.map(([, language]) => language)).toEqual(['ts']);
  for (const [, , example = ''] of examples) {
    // Node 20 has neither `await using` nor types. The loop of the example does not end by itself.
    const { code } = await transform(example.replaceAll('http://127.0.0.1:4000', server.tidings.url), { loader: 'ts', target: 'node20' });
    writeFileSync(join(project, 'example.mjs'), code);
    const child = spawn(process.execPath, ['example.mjs'], { cwd: project });
    const ended = once(child, 'close');
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    try {
      await vi.waitFor(() => expect(output).toBe('acme.order.4711 12.5\n'), { timeout: 30_000, interval: 20 });
    } finally {
      child.kill();
      await ended;
    }
  }
  expect(await storedIds('acme.order.')).toHaveLength(2);
});

/** The ids of the events whose names start with `prefix`, in log order. */
async function storedIds(prefix: string): Promise<readonly string[]> {
  const query = 'query ($filter: EventFilter) { events(filter: $filter, order: LOG) { nodes { id } } }';
  const { events } = await server.data(query, { filter: { event: { startsWith: [prefix] } } });
  return events.nodes.map(({ id }: { readonly id: string }) => id);
}

/** Runs a program in the project until it ends by itself. */
async function runProgram(name: string, code: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  writeFileSync(join(project, name), code);
  return await run(process.execPath, [name], { cwd: project, timeout: 30_000 });
}

test('a program that awaits nothing ends by itself when its events are stored, and reports those that process.exit cuts off', async () => {
  const program = `import { createTidings } from '@tidings/client';
    const tidings = createTidings(${JSON.stringify(server.tidings.url)});
    for (let n = 0; n < 1200; n += 1) tidings.emit('ended', { resource: 'r' });`;
  expect(await runProgram('ends.mjs', program)).toEqual({ stdout: '', stderr: '' });
  const { events } = await server.data('{ events(filter: { event: { in: ["ended"] } }) { totalCount(max: 2000) { count } } }');
  expect(events.totalCount.count).toBe(1200);
  const { stderr } = await runProgram('exits.mjs', `${program} process.exit(0);`);
  expect(stderr).toBe('tidings: 1200 events were not stored: The process ended before the event was stored\n');
});

test('a program whose server is unreachable or silent ends, and reports or keeps its events', async () => {
  const silent = createServer(() => undefined);
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const urls = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${(silent.address() as AddressInfo).port}`];
  // The times for a request, 60 seconds, and for the last attempt, 10 seconds, are shortened.
  const begin = (index: number, options: string): string => `import { createTidings } from '@tidings/client';
    import { directoryOutbox } from '@tidings/client/node';
    const { setTimeout: later } = globalThis;
    globalThis.setTimeout = (work, ms) => later(work, ms >= 10_000 ? 500 : ms);
    const tidings = createTidings('${urls[index]}', { onProblem() {}, ${options} });
    for (let n = 0; n < 3; n += 1) tidings.emit('unreachable', { resource: 'r', id: 'unreachable-${index}-' + n });`;
  const report = 'onUnsent: (events) => console.log(...events.map(({ text, error }) => JSON.parse(text).id + error.code))';
  const ids = (index: number): readonly string[] => [0, 1, 2].map((n) => `unreachable-${index}-${n}`);
  try {
    await Promise.all(
      urls.map(async (_, index) => {
        const everyId = `${ids(index).join('UNSENT ')}UNSENT\n`;
        const [reported, cutOff, kept] = await Promise.all([
          runProgram(`reports-${index}.mjs`, begin(index, report)),
          runProgram(`cut-off-${index}.mjs`, `${begin(index, report)} setTimeout(() => process.exit(0), 200);`),
          runProgram(`keeps-${index}.mjs`, begin(index, `${report}, outbox: directoryOutbox('./outbox-${index}')`)),
        ]);
        expect(reported).toEqual({ stdout: everyId, stderr: '' });
        expect(cutOff).toEqual({ stdout: everyId, stderr: '' });
        expect(kept).toEqual({ stdout: '', stderr: '' });
      }),
    );
  } finally {
    silent.close(); // every client has ended
  }
  for (const index of [0, 1]) {
    const sends = `import { createTidings } from '@tidings/client'; import { directoryOutbox } from '@tidings/client/node';
      const tidings = createTidings('${server.tidings.url}', { outbox: directoryOutbox('./outbox-${index}') });
      await tidings.ready(); await tidings.flush(); await tidings.close();`;
    expect(await runProgram('sends.mjs', sends)).toEqual({ stdout: '', stderr: '' });
  }
  expect(await storedIds('unreachable')).toEqual([...ids(0), ...ids(1)]);
});

test('a program that awaits emitAll does not end before its server can be reached', async () => {
  let failures = 0;
  const proxy = createHttpServer((request, response) => {
    void readText(request).then(async (body) => {
      if ((failures += 1) <= 12) return response.writeHead(503).end();
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${server.tidings.url}/graphql`, { method: 'POST', headers, body });
      return response.writeHead(200, headers).end(await answer.text());
    });
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  // A process that ends by itself flushes for 10 seconds, which are shortened to less than the outage.
  const program = `import { createTidings } from '@tidings/client';
    const { setTimeout: later } = globalThis;
    globalThis.setTimeout = (work, ms) => later(work, ms === 10_000 ? 100 : ms);
    const url = 'http://127.0.0.1:${(proxy.address() as AddressInfo).port}';
    const tidings = createTidings(url, { onProblem() {}, retry: { minMs: 50, maxMs: 50 } });
    console.log(JSON.stringify(await tidings.emitAll([{ event: 'outlasted', resource: 'r' }])));`;
  try {
    const { stdout } = await runProgram('outlasts.mjs', program);
    expect(JSON.parse(stdout)).toEqual({ created: 1, duplicates: 0, failed: 0, failures: [] });
  } finally {
    proxy.close();
  }
});

test('a program that needs only the core loads at most 9 KB', async () => {
  const lazy = [
    './wire/web-socket-wire.js',
    './web-socket-wire.js',
    './sse-wire.js',
    './live-counts.js',
    './emission/emit-all.js',
    './event-loop.js',
    './follow/event-loop.js',
  ];
  expect(await size("export { createTidings } from '@tidings/client'", lazy)).toBeLessThanOrEqual(9 * 1024);
  expect(await size("export { createTidings } from '@tidings/client'", [])).toBeLessThanOrEqual(12.5 * 1024);
  expect(await size("export { createReader } from '@tidings/client'", lazy)).toBeLessThanOrEqual(5 * 1024);
  expect(await size("export { useFeed } from '@tidings/client/react'", ['react', './live-feed.js'])).toBeLessThanOrEqual(1024);
});

/** Bytes of a minified bundle with gzip; what is loaded on demand, and counted apart, is `external`. */
async function size(contents: string, external: readonly string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: project },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
    external: [...external],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}
