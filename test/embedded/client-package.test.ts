import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-info.ts';
import { startTestServer } from '../support/test-server.ts';

const run = promisify(execFile);
const built = join(packageRoot, 'dist', 'client');
let project: string;
let tarball: string;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'tidings-client-'));
  await run(join(packageRoot, '.ci', 'build-client'));
  await run('npm', ['pack', built, '--pack-destination', project]);
  tarball = join(
    project,
    readdirSync(project).find((name) => name.endsWith('.tgz'))!,
  );
  writeFileSync(join(project, 'package.json'), '{"type":"module","private":true}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: project });
});
afterAll(() => rmSync(project, { recursive: true }));

test('publint and attw find nothing', async () => {
  const bin = join(packageRoot, 'node_modules', '.bin');
  await run(join(bin, 'publint'), ['--strict', built]);
  await run(join(bin, 'attw'), [tarball, '--profile', 'esm-only']);
});

test('the installed package runs the first example of its README in an empty project', async () => {
  await using server = await startTestServer();
  const readme = readFileSync(join(project, 'node_modules', '@tidings', 'client', 'README.md'), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  expect(example).toContain('createTidings');
  const program = example
    .replace("import { z } from 'zod';\n", '')
    .replace(/z\.object\(.*\)/, "{ '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }")
    .replace('http://127.0.0.1:4000', server.tidings.url)
    .replace('await using tidings', 'const tidings') // Node 20 has no `using`
    .replace("'invoices.cursor') }", "'invoices.cursor'), after: 'beginning' }")
    .replace(' as const', '')
    .replace('lose nothing\n', 'lose nothing\n  break;\n');
  writeFileSync(join(project, 'example.mjs'), `${program}\nawait tidings.close();\n`);
  const { stdout, stderr } = await run(process.execPath, ['example.mjs'], { cwd: project, timeout: 30_000 });
  expect({ stdout, stderr }).toEqual({ stdout: 'acme.order.4711 12.5\n', stderr: '' });
  const { events } = await server.data('{ events { nodes { event } } }');
  expect(events.nodes).toHaveLength(2);
});

test('a program that awaits nothing ends by itself when its events are stored, and reports those that process.exit cuts off', async () => {
  await using server = await startTestServer();
  const program = `import { createTidings } from '@tidings/client';
    const tidings = createTidings(${JSON.stringify(server.tidings.url)});
    for (let n = 0; n < 1200; n += 1) tidings.emit('ended', { resource: 'r' });`;
  writeFileSync(join(project, 'ends.mjs'), program);
  expect(await run(process.execPath, ['ends.mjs'], { cwd: project, timeout: 30_000 })).toEqual({ stdout: '', stderr: '' });
  const { events } = await server.data('{ events { totalCount { count } } }');
  expect(events.totalCount.count).toBe(1200);
  writeFileSync(join(project, 'exits.mjs'), `${program} process.exit(0);`);
  const { stderr } = await run(process.execPath, ['exits.mjs'], { cwd: project });
  expect(stderr).toBe('tidings: 1200 events were not stored before the process ended\n');
});

test('a program that needs only the core loads at most 9 KB', async () => {
  const lazy = [
    './wire/web-socket-wire.js',
    './web-socket-wire.js',
    './sse-wire.js',
    './live-counts.js',
    './event-loop.js',
    './follow/event-loop.js',
  ];
  expect(await size("export { createTidings } from '@tidings/client'", lazy)).toBeLessThanOrEqual(9 * 1024);
  expect(await size("export { createTidings } from '@tidings/client'", [])).toBeLessThanOrEqual(12.5 * 1024);
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
