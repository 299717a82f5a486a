import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { formatCursor, origin } from '../../../src/event/cursor.ts';
import { freePort } from '../../support/free-port.ts';
import { startProcess } from '../../support/process.ts';
import { newDatabase, post, startTestServer } from '../../support/test-server.ts';

const cli = join(import.meta.dirname, '../../../dist/src/cli.js');
const sample = join(import.meta.dirname, '../../fixtures/github-2015-01-01.ndjson.gz');
const pollOptions = { timeout: 40_000, interval: 20 };

test('prints a line for each event as it arrives, and escapes control characters', async () => {
  await using testServer = await startTestServer();
  const tailing = await tail(['--url', testServer.tidings.url]);
  expect(tailing.stderr()).toBe(`connected to ${testServer.tidings.url}\n`);
  await emitEvent(testServer.tidings.url, {
    id: 'one',
    related: [
      { id: 'acme.gate', role: 'gate' },
      { id: 'acme.key', role: 'key', name: 'Yale' },
    ],
  });
  await vi.waitFor(() => expect(tailing.lines).toHaveLength(1), pollOptions);
  await emitEvent(testServer.tidings.url, { id: 'two', event: 'acme.\u001b[2Jleft', resource: { id: 'acme.\u009b31m\u202Ejo\nhn' } });
  await vi.waitFor(() => expect(tailing.lines).toHaveLength(2), pollOptions);
  expect(tailing.lines).toEqual([
    '2026-11-23T14:41:10.863Z  acme.greeted                  Kiki                          gate=acme.gate key=Yale',
    '2026-11-23T14:41:10.863Z  acme.\\u001b[2Jleft            acme.\\u009b31m\\u202ejo\\u000ahn',
  ]);
  expect(await tailing.stop('SIGTERM')).toBe(0);
});

test('prints event documents with --json, which can be emitted again', async () => {
  await using testServer = await startTestServer();
  const tailing = await tail(['--json', '--url', testServer.tidings.url]);
  const labels = { 'prefect.resource.role': 'guest', city: 'Rome\u009b\u2028' };
  await emitEvent(testServer.tidings.url, {
    id: 'one',
    resource: { id: 'acme.kiki', labels },
    related: [{ id: 'acme.gate', role: 'gate' }],
  });
  await emitEvent(testServer.tidings.url, { id: 'two', payload: { deep: [1, { a: null }] }, follows: 'one' });
  await vi.waitFor(() => expect(tailing.lines).toHaveLength(2), pollOptions);
  const [first, second] = tailing.lines.map((line) => JSON.parse(line));
  expect(first).toEqual({
    id: 'one',
    occurred: '2026-11-23T14:41:10.863461Z',
    event: 'acme.greeted',
    resource: { 'prefect.resource.id': 'acme.kiki', ...labels },
    related: [{ 'prefect.resource.id': 'acme.gate', 'prefect.resource.role': 'gate' }],
    payload: {},
    follows: null,
    received: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
    cursor: expect.any(String),
  });
  expect(second).toMatchObject({ payload: { deep: [1, { a: null }] }, follows: 'one' });
  expect(tailing.lines[0]).not.toMatch(/[\u0080-\u009f\u2028]/);

  const again = spawn(process.execPath, [cli, 'emit', '-', '--url', testServer.tidings.url]);
  let summary = '';
  again.stdout.on('data', (chunk: Buffer) => (summary += chunk.toString()));
  again.stdin.end(tailing.lines.join('\n'));
  await once(again, 'close');
  expect(summary).toMatch(/^2 lines: 0 created, 2 duplicates, 0 rejected/);
});

test('prints only events that match the options', async () => {
  await using testServer = await startTestServer();
  const { url } = testServer.tidings;
  const tailing = await tail(['--event', 'acme.user.', '--event', 'acme.%', '--resource', 'acme.kiki', '--json', '--url', url]);
  await emitEvent(url, { id: 'other-event', event: 'acme.users' });
  await emitEvent(url, { id: 'other-resource', event: 'acme.user.left', resource: { id: 'acme.jo' } });
  await emitEvent(url, { id: 'one', event: 'acme.user.left' });
  await emitEvent(url, { id: 'two', event: 'acme.%.left' });
  await vi.waitFor(() => expect(tailing.ids()).toEqual(['one', 'two']), pollOptions);
});

test('starts after the cursor of --after, and reports an invalid one in one sentence', async () => {
  await using testServer = await startTestServer();
  const { url } = testServer.tidings;
  await emitEvent(url, { id: 'one' });
  const { event } = await testServer.data('{ event(id: "one") { cursor } }');
  await emitEvent(url, { id: 'two' });
  const tailing = await tail(['--after', event.cursor, '--json', '--url', url]);
  await vi.waitFor(() => expect(tailing.ids()).toEqual(['two']), pollOptions);

  const elsewhere = formatCursor({ epoch: '00c0ffee0000', position: origin });
  for (const [after, args] of [
    ['nonsense', /cursor/],
    [elsewhere, /another log/],
  ] as const) {
    const rejected = startTail(['--after', after, '--url', url]);
    expect(await rejected.ended).toBe(1);
    expect(rejected.stderr()).toMatch(args);
    expect(
      rejected
        .stderr()
        .replace(/^connected to .*\n/, '')
        .trimEnd(),
    ).not.toContain('\n');
  }
});

test('survives restarts of the server with nothing lost or repeated, also before the first event', async () => {
  await using testDatabase = await newDatabase();
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const restart = async (server: ChildProcess, stored: string): Promise<ChildProcess> => {
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
    const next = await serve({ ...testDatabase.environment, PORT: port });
    await emitEvent(url, { id: stored }); // while the tail is suspended
    return next;
  };
  let server = await serve({ ...testDatabase.environment, PORT: port });
  const tailing = await tail(['--json', '--url', url]);
  tailing.child.kill('SIGSTOP');
  server = await restart(server, 'in-the-first-outage');
  tailing.child.kill('SIGCONT');
  await vi.waitFor(() => expect(tailing.ids()).toEqual(['in-the-first-outage']), pollOptions);
  await emitEvent(url, { id: 'between' });
  await vi.waitFor(() => expect(tailing.ids()).toContain('between'), pollOptions);
  tailing.child.kill('SIGSTOP');
  server = await restart(server, 'in-the-second-outage');
  tailing.child.kill('SIGCONT');
  await emitEvent(url, { id: 'after' });
  await vi.waitFor(() => expect(tailing.ids()).toContain('after'), pollOptions);
  expect(tailing.ids()).toEqual(['in-the-first-outage', 'between', 'in-the-second-outage', 'after']);
  const again = `lost the connection to ${url} (…); retrying\nconnected again to ${url}; resuming after the last event\n`;
  expect(tailing.stderr().replaceAll(/\(.*\)/g, '(…)')).toBe(`connected to ${url}\n${again.repeat(2)}`);
  expect(await tailing.stop('SIGINT')).toBe(0);
});

test('waits for a server that has not started yet, and reports it once', async () => {
  await using testDatabase = await newDatabase();
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const tailing = startTail(['--json', '--url', url]);
  await vi.waitFor(() => expect(tailing.stderr()).toContain('cannot reach'), pollOptions);
  await serve({ ...testDatabase.environment, PORT: port });
  await vi.waitFor(() => expect(tailing.stderr()).toContain('connected'), pollOptions);
  await emitEvent(url, { id: 'one' });
  await vi.waitFor(() => expect(tailing.ids()).toEqual(['one']), pollOptions);
  const expected = new RegExp(`^cannot reach ${url} \\(.*ECONNREFUSED.*\\); retrying\nconnected to ${url}\n$`);
  expect(tailing.stderr()).toMatch(expected);
});

test('exits at a signal while it waits for a server', async () => {
  const tailing = startTail(['--url', `http://127.0.0.1:${await freePort()}`]);
  await vi.waitFor(() => expect(tailing.stderr()).toContain('cannot reach'), pollOptions);
  expect(await tailing.stop('SIGINT')).toBe(0);
});

test('waits for a slow reader of its output, which gets everything, and exits with 0 when the reader closes it', async () => {
  await using testServer = await startTestServer();
  const { url } = testServer.tidings;
  const { head } = await testServer.data('{ head }');
  const wanted = gunzipSync(readFileSync(sample)).toString().split('\n', 3000);
  const emitting = spawn(process.execPath, [cli, 'emit', '-', '--url', url]);
  emitting.stdin.end(wanted.join('\n'));
  await once(emitting, 'close');
  const tailing = await tail(['--json', '--after', head, '--url', url]);
  tailing.child.stdout?.pause();
  await emitEvent(url, { id: 'last' });
  tailing.child.stdout?.resume();
  await vi.waitFor(() => expect(tailing.lines).toHaveLength(3001), pollOptions);
  expect(tailing.ids()).toEqual([...wanted.map((line) => JSON.parse(line).id), 'last']);

  tailing.child.stdout?.destroy();
  await emitEvent(url, { id: 'unseen' });
  expect(await tailing.ended).toBe(0);
  expect(tailing.stderr()).toBe(`connected to ${url}\n`);
});

test('reports invalid arguments in one sentence', async () => {
  for (const [args, sentence] of [
    [['kiki'], 'Expected options only, got "kiki". Usage: tidings tail'],
    [['--speed'], "Unknown option '--speed'. Usage: tidings tail"],
    [['--event', 'acme.*'], `--event: expected the start of an event name without wildcards, got "acme.*". Write --event 'acme.'.\n`],
    [['--event', 'acme.', '--event', '*.left'], '--event: expected the start of an event name without wildcards, got "*.left". Leave out'],
    [['--resource', 'acme.*'], '--resource: expected a whole resource id without wildcards, got "acme.*". Leave out'],
    [['--url', '127.0.0.1:4000'], '--url: expected an address such as http://127.0.0.1:4000'],
  ] as const) {
    const tailing = startTail(args);
    expect(await tailing.ended).toBe(2);
    expect(tailing.stderr()).toContain(sentence);
  }
});

interface Tailing {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly ended: Promise<number | null>;
  /** The ids in lines of JSON. */
  ids(): readonly string[];
  /** Its standard error so far. */
  stderr(): string;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** Runs `tidings tail` with arguments. */
function startTail(args: readonly string[]): Tailing {
  const child = spawn(process.execPath, [cli, 'tail', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  let [started, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (started + chunk).split('\n');
    started = parts.pop() ?? '';
    lines.push(...parts);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const stop = (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return ended;
  };
  return { child, lines, ended, stop, stderr: () => stderr, ids: () => lines.map((line) => JSON.parse(line).id) };
}

/** Runs `tidings tail`, and waits until it is connected. */
async function tail(args: readonly string[]): Promise<Tailing> {
  const tailing = startTail(args);
  await vi.waitFor(() => expect(tailing.stderr()).toContain('connected to'), pollOptions);
  return tailing;
}

/** Starts a server in its own process. */
async function serve(environment: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const { child } = await startProcess(environment);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function emitEvent(url: string, event: object): Promise<void> {
  const input = {
    occurred: '2026-11-23T14:41:10.863461Z',
    event: 'acme.greeted',
    resource: { id: 'acme.kiki', name: 'Kiki' },
    ...event,
  };
  const { data } = await post(url, 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  expect(data?.emitEvent.status).toBe('CREATED');
}
