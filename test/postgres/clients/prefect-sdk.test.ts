import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { startProcess, type ServerProcess } from '../../support/process.ts';
import { pythonWith } from '../../support/protocols/python.ts';
import { requestPrefect, document } from '../../support/protocols/prefect.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { exampleAddress, textOf } from '../../support/examples.ts';
import { newDatabase, startTestServer, type TestServer } from '../../support/test-server.ts';

// Prefect's own SDK and commands, unmodified. Loading them takes seconds, so one process runs the
// SDK for all tests, and the others start at once.
const python = pythonWith('prefect==3.9.1');
const script = join(import.meta.dirname, '..', '..', 'support', 'protocols', 'prefect-client.py');

let database: Awaited<ReturnType<typeof newDatabase>>;
let server: ServerProcess;
let source: TestServer;
let port: number;
const started: Program[] = [];
const profile = mkdtempSync(join(tmpdir(), 'tidings-prefect-'));

let sdk: Program;
let streaming: Program;

beforeAll(async () => {
  database = await newDatabase();
  port = await freePort();
  server = await start();
  source = await startTestServer();
  if (!python.isAvailable()) return;
  sdk = run(python.program('python3'), [script]);
  streaming = run(python.program('prefect'), ['event', 'stream', '--format', 'text']);
  const forwarder = join(packageRoot, 'examples/prefect/forward.py');
  run(python.program('python3'), [forwarder, `${source.tidings.url}/api`, `${server.url}/api`]);
});
afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  server.child.kill('SIGKILL');
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(profile, { recursive: true, force: true });
});

function start(): Promise<ServerProcess> {
  return startProcess({ ...database.environment, PORT: String(port) });
}

interface Program {
  readonly child: ChildProcess;
  /** The lines printed so far. */
  readonly printed: () => string[];
  /** Resolves when it exits with 0, rejects otherwise. */
  readonly ended: Promise<void>;
}

function run(command: string, args: readonly string[]): Program {
  const path = `${dirname(python.program('python3'))}:${process.env['PATH']}`;
  const env = { PATH: path, PYTHONUNBUFFERED: '1', PREFECT_API_URL: `http://127.0.0.1:${port}/api`, PREFECT_HOME: profile };
  const child = spawn(command, args, { env });
  let printed = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => expect([code, signal], stderr).toEqual([0, null]));
  ended.catch(() => undefined); // those that are killed
  const program = { child, printed: () => printed.split('\n').slice(0, -1), ended };
  started.push(program);
  return program;
}

/** Starts an action of the SDK. Returns the lines of JSON that it has printed so far. */
function perform(action: string): () => any[] {
  const count = sdk.printed().length;
  sdk.child.stdin!.write(`${action}\n`);
  return () => {
    expect(sdk.child.exitCode).toBeNull();
    return sdk
      .printed()
      .slice(count)
      .map((line) => JSON.parse(line));
  };
}

async function resultOf(printed: () => any[]): Promise<any> {
  await expect.poll(() => printed().at(-1), { timeout: 100_000 }).toHaveProperty('result');
  return printed().at(-1).result;
}

test('prefect event stream prints what the example prefect event emit emits', { timeout: 120_000 }, async (context) => {
  python.requirePython(context);
  await run('sh', ['-c', textOf('examples/prefect/emit.sh').replaceAll(exampleAddress, `127.0.0.1:${port}`)]).ended;
  await expect.poll(() => streaming.printed().join('\n'), { timeout: 60_000 }).toContain(' acme.order.shipped acme.order.4711');
});

test('subscribers with filters by event, resource, related and label', { timeout: 120_000 }, async (context) => {
  python.requirePython(context);
  expect(await resultOf(perform('subscribed'))).toEqual({
    event: ['sub.a.1', 'sub.a.last'],
    resource: ['sub.b.1', 'sub.a.last'],
    related: ['sub.b.1', 'sub.a.last'],
    label: ['sub.a.1', 'sub.a.last'],
  });
});

test(
  'the example forwarder copies the events of another server, beginning with those of the last minute',
  { timeout: 120_000 },
  async (context) => {
    python.requirePython(context);
    const emit = async (event: string, follows: string | null): Promise<any> => {
      const sent = document(event, { occurred: new Date().toISOString(), follows });
      expect((await requestPrefect(source.tidings.url, 'events', sent)).status).toBe(204);
      return sent;
    };
    const forwarded = async (): Promise<any[]> =>
      (await requestPrefect(server.url, 'events/filter', { filter: { event: { prefix: ['run.'] }, order: 'ASC' } })).body.events;
    const pending = await emit('run.Pending', null);
    await expect.poll(forwarded, { timeout: 60_000 }).toMatchObject([{ id: pending.id, event: 'run.Pending' }]);
    const running = await emit('run.Running', pending.id);
    await expect.poll(forwarded, { timeout: 60_000 }).toMatchObject([{ id: pending.id }, { id: running.id, follows: pending.id }]);
  },
);

test('5,000 of emit_event in a loop survive a restart of the server in the middle, each once', { timeout: 240_000 }, async (context) => {
  python.requirePython(context);
  const looping = perform('loop 5000');
  await expect.poll(() => looping().length, { timeout: 60_000 }).toBeGreaterThan(20);
  const exit = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await exit;
  expect(looping().length).toBeLessThan(50);
  server = await start();
  await resultOf(looping);
  const count = async (): Promise<number> => {
    const filter = { event: { prefix: ['sdk.loop.'] }, occurred: { since: '2020-01-01T00:00:00Z' } };
    return (await requestPrefect(server.url, 'events/filter', { filter, limit: 1 })).body.total;
  };
  await expect.poll(count, { timeout: 60_000 }).toBe(5000);
});

test('read_events returns all pages with its defaults, and an event is stored when the program ends after emit_event', async (context) => {
  python.requirePython(context);
  const { total, events } = await resultOf(perform('read'));
  expect(events).toHaveLength(total);
  expect(new Set(events.filter((name: string) => name.startsWith('sdk.loop.'))).size).toBe(5000);
  expect(events).toContain('acme.order.shipped');
  const emitting = perform('last');
  await resultOf(emitting);
  sdk.child.stdin!.end();
  await sdk.ended;
  const filter = { event: { name: ['sdk.last'] } };
  expect((await requestPrefect(server.url, 'events/filter', { filter })).body.total).toBe(1);
});
