import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { pythonWith } from '../support/protocols/python.ts';
import { requestPrefect, document } from '../support/protocols/prefect.ts';
import { packageRoot } from '../../src/package-info.ts';
import { exampleAddress, textOf } from '../support/examples.ts';
import { newDatabase, startTestServer } from '../support/test-server.ts';

// Prefect's own SDK and commands, unmodified.
const python = pythonWith('prefect==3.9.1');
const script = join(import.meta.dirname, '..', 'support', 'protocols', 'prefect-client.py');

let database: Awaited<ReturnType<typeof newDatabase>>;
let server: ServerProcess;
let port: number;
const profile = mkdtempSync(join(tmpdir(), 'tidings-prefect-'));

beforeAll(async () => {
  database = await newDatabase();
  port = await freePort();
  server = await start();
});
afterAll(async () => {
  server.child.kill('SIGKILL');
  await database[Symbol.asyncDispose]();
  rmSync(profile, { recursive: true, force: true });
});

function start(): Promise<ServerProcess> {
  return startProcess({ ...database.environment, PORT: String(port) });
}

interface Program {
  readonly child: ChildProcess;
  readonly printed: () => string;
  /** Resolves when it exits with 0, rejects otherwise. */
  readonly ended: Promise<void>;
}

function run(command: string, args: readonly string[]): Program {
  const path = `${dirname(python.program('python3'))}:${process.env['PATH']}`;
  const env = { PATH: path, PYTHONUNBUFFERED: '1', PREFECT_API_URL: `http://127.0.0.1:${port}/api`, PREFECT_HOME: profile };
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => expect([code, signal], stderr).toEqual([0, null]));
  return { child, printed: () => printed, ended };
}

function client(...args: string[]): Program {
  return run(python.program('python3'), [script, ...args]);
}

async function result(program: Program): Promise<any> {
  await program.ended;
  return JSON.parse(program.printed().trimEnd().split('\n').at(-1)!);
}

test('emit_event alone, the example prefect event emit, and read_events with its defaults', { timeout: 120_000 }, async (context) => {
  python.requirePython(context);
  await result(client('alone'));
  await run('sh', ['-c', textOf('examples/prefect/emit.sh').replaceAll(exampleAddress, `127.0.0.1:${port}`)]).ended;
  expect(await result(client('read'))).toEqual({ total: 2, events: ['acme.order.shipped', 'sdk.alone'] });
});

test('subscribers with filters by event, resource, related and label', { timeout: 120_000 }, async (context) => {
  python.requirePython(context);
  expect(await result(client('subscribed'))).toEqual({
    event: ['sub.a.1', 'sub.a.last'],
    resource: ['sub.b.1', 'sub.a.last'],
    related: ['sub.b.1', 'sub.a.last'],
    label: ['sub.a.1', 'sub.a.last'],
  });
});

test('prefect event stream prints events as they arrive', { timeout: 120_000 }, async (context) => {
  python.requirePython(context);
  const streaming = run(python.program('prefect'), ['event', 'stream', '--format', 'text']);
  streaming.ended.catch(() => undefined); // it never ends by itself
  await run(python.program('prefect'), ['event', 'emit', 'cli.live', '--resource-id', 'cli.r']).ended;
  await expect.poll(streaming.printed, { timeout: 60_000 }).toContain(' cli.live cli.r');
  streaming.child.kill('SIGKILL');
});

test(
  'the example forwarder copies the events of another server, beginning with those of the last minute',
  { timeout: 120_000 },
  async (context) => {
    python.requirePython(context);
    await using source = await startTestServer();
    const emit = async (event: string, follows: string | null): Promise<any> => {
      const sent = document(event, { occurred: new Date().toISOString(), follows });
      expect((await requestPrefect(source.tidings.url, 'events', sent)).status).toBe(204);
      return sent;
    };
    const forwarded = async (): Promise<any[]> =>
      (await requestPrefect(server.url, 'events/filter', { filter: { event: { prefix: ['run.'] }, order: 'ASC' } })).body.events;
    const pending = await emit('run.Pending', null);
    const forwarding = run(python.program('python3'), [
      join(packageRoot, 'examples/prefect/forward.py'),
      `${source.tidings.url}/api`,
      `${server.url}/api`,
    ]);
    forwarding.ended.catch(() => undefined); // it never ends by itself
    await expect.poll(forwarded, { timeout: 60_000 }).toMatchObject([{ id: pending.id, event: 'run.Pending' }]);
    const running = await emit('run.Running', pending.id);
    await expect.poll(forwarded, { timeout: 60_000 }).toMatchObject([{ id: pending.id }, { id: running.id, follows: pending.id }]);
    forwarding.child.kill('SIGKILL');
  },
);

test('5,000 of emit_event in a loop survive a restart of the server in the middle, each once', { timeout: 240_000 }, async (context) => {
  python.requirePython(context);
  const looping = client('loop', '5000');
  await expect.poll(() => looping.printed().split('\n').length, { timeout: 60_000 }).toBeGreaterThan(20);
  const exit = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await exit;
  server = await start();
  const ids = await result(looping);
  expect(ids).toHaveLength(5000);
  const { events } = await result(client('read'));
  const names = events.filter((name: string) => name.startsWith('sdk.loop.'));
  expect(names).toHaveLength(5000);
  expect(new Set(names).size).toBe(5000);
});
