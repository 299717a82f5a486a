import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { installPython, type PythonHome } from '../support/readme-clients.ts';
import { newDatabase } from '../support/world.ts';

// Prefect's own SDK and commands, unmodified. CI says that Python has to be there.
const required = process.env['TIDINGS_TEST_PYTHON'] === 'required';
const script = join(import.meta.dirname, '..', 'support', 'prefect-client.py');

let home: PythonHome;
let database: Awaited<ReturnType<typeof newDatabase>>;
let server: ServerProcess;
let port: number;
const profile = mkdtempSync(join(tmpdir(), 'tidings-prefect-'));

beforeAll(async () => {
  home = installPython('prefect==3.9.1');
  database = await newDatabase();
  port = await freePort();
  server = await start();
}, 400_000);
afterAll(async () => {
  server.child.kill('SIGKILL');
  await database[Symbol.asyncDispose]();
  home[Symbol.dispose]();
  rmSync(profile, { recursive: true, force: true });
});

function start(): Promise<ServerProcess> {
  return startProcess({ ...database.environment, PORT: String(port) });
}

interface Program {
  readonly child: ChildProcess;
  readonly printed: () => string;
  /** Its end, which must be a good one. */
  readonly ended: Promise<void>;
}

function run(command: string, words: readonly string[]): Program {
  const env = { PATH: process.env['PATH'], PYTHONUNBUFFERED: '1', PREFECT_API_URL: `http://127.0.0.1:${port}/api`, PREFECT_HOME: profile };
  const child = spawn(command, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => expect([code, signal], said).toEqual([0, null]));
  return { child, printed: () => printed, ended };
}

function client(...words: string[]): Program {
  return run(home.python, [script, ...words]);
}

async function result(program: Program): Promise<any> {
  await program.ended;
  return JSON.parse(program.printed().trimEnd().split('\n').at(-1)!);
}

function need(context: TestContext): void {
  if (home.missing !== null && !required) context.skip(home.missing);
  expect(home.missing).toBeNull();
}

const command = (): string => join(dirname(home.python), 'prefect');

test('emit_event alone, prefect event emit, and read_events with its defaults', { timeout: 120_000 }, async (context) => {
  need(context);
  await result(client('alone'));
  await run(command(), ['event', 'emit', 'cli.done', '--resource-id', 'cli.r']).ended;
  expect(await result(client('read'))).toEqual({ total: 2, events: ['cli.done', 'sdk.alone'] });
});

test('subscribers with filters by event, resource, related and label', { timeout: 120_000 }, async (context) => {
  need(context);
  expect(await result(client('subscribed'))).toEqual({
    event: ['sub.a.1', 'sub.a.last'],
    resource: ['sub.b.1', 'sub.a.last'],
    related: ['sub.b.1', 'sub.a.last'],
    label: ['sub.a.1', 'sub.a.last'],
  });
});

test('prefect event stream prints what comes', { timeout: 120_000 }, async (context) => {
  need(context);
  const streaming = run(command(), ['event', 'stream', '--format', 'text']);
  streaming.ended.catch(() => undefined); // it never ends by itself
  await run(command(), ['event', 'emit', 'cli.live', '--resource-id', 'cli.r']).ended;
  await expect.poll(streaming.printed, { timeout: 60_000 }).toContain(' cli.live cli.r');
  streaming.child.kill('SIGKILL');
});

test('5,000 of emit_event in a loop survive the server’s end in the middle, each once', { timeout: 240_000 }, async (context) => {
  need(context);
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
