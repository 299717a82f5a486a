import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { formatCursor, origin } from '../../../src/event/cursor.ts';
import { freePort } from '../../support/free-port.ts';
import { startProcess } from '../../support/process.ts';
import { newDatabase, post, startWorld } from '../../support/test-server.ts';

const cli = join(import.meta.dirname, '../../../dist/src/cli.js');
const sample = join(import.meta.dirname, '../../fixtures/github-2015-01-01.ndjson.gz');
const patient = { timeout: 40_000, interval: 20 };

test('prints a line for each event as it comes, and nothing in it steers the terminal', async () => {
  await using world = await startWorld();
  const tailing = await tail(['--url', world.tidings.url]);
  expect(tailing.said()).toBe(`connected to ${world.tidings.url}\n`);
  await tell(world.tidings.url, {
    id: 'one',
    related: [
      { id: 'acme.door', role: 'door' },
      { id: 'acme.key', role: 'key', name: 'Yale' },
    ],
  });
  await vi.waitFor(() => expect(tailing.lines).toHaveLength(1), patient);
  await tell(world.tidings.url, { id: 'two', event: 'acme.\u001b[2Jleft', resource: { id: 'acme.\u009b31m\u202Ejo\nhn' } });
  await vi.waitFor(() => expect(tailing.lines).toHaveLength(2), patient);
  expect(tailing.lines).toEqual([
    '2026-11-23T14:41:10.863Z  acme.greeted                  Kiki                          door=acme.door key=Yale',
    '2026-11-23T14:41:10.863Z  acme.\\u001b[2Jleft            acme.\\u009b31m\\u202ejo\\u000ahn',
  ]);
  expect(await tailing.stop('SIGTERM')).toBe(0);
});

test('prints event documents with --json, which can be emitted again', async () => {
  await using world = await startWorld();
  const tailing = await tail(['--json', '--url', world.tidings.url]);
  const labels = { 'prefect.resource.role': 'guest', city: 'Rome\u009b\u2028' };
  await tell(world.tidings.url, { id: 'one', resource: { id: 'acme.kiki', labels }, related: [{ id: 'acme.door', role: 'door' }] });
  await tell(world.tidings.url, { id: 'two', payload: { deep: [1, { a: null }] }, follows: 'one' });
  await vi.waitFor(() => expect(tailing.lines).toHaveLength(2), patient);
  const [first, second] = tailing.lines.map((line) => JSON.parse(line));
  expect(first).toEqual({
    id: 'one',
    occurred: '2026-11-23T14:41:10.863461Z',
    event: 'acme.greeted',
    resource: { 'prefect.resource.id': 'acme.kiki', ...labels },
    related: [{ 'prefect.resource.id': 'acme.door', 'prefect.resource.role': 'door' }],
    payload: {},
    follows: null,
    received: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
    cursor: expect.any(String),
  });
  expect(second).toMatchObject({ payload: { deep: [1, { a: null }] }, follows: 'one' });
  expect(tailing.lines[0]).not.toMatch(/[\u0080-\u009f\u2028]/);

  const again = spawn(process.execPath, [cli, 'emit', '-', '--url', world.tidings.url]);
  let summary = '';
  again.stdout.on('data', (chunk: Buffer) => (summary += chunk.toString()));
  again.stdin.end(tailing.lines.join('\n'));
  await once(again, 'close');
  expect(summary).toMatch(/^2 lines: 0 created, 2 duplicates, 0 refused/);
});

test('prints only what was asked for', async () => {
  await using world = await startWorld();
  const { url } = world.tidings;
  const tailing = await tail(['--event', 'acme.user.', '--event', 'acme.%', '--resource', 'acme.kiki', '--json', '--url', url]);
  await tell(url, { id: 'other-event', event: 'acme.users' });
  await tell(url, { id: 'other-resource', event: 'acme.user.left', resource: { id: 'acme.jo' } });
  await tell(url, { id: 'one', event: 'acme.user.left' });
  await tell(url, { id: 'two', event: 'acme.%.left' });
  await vi.waitFor(() => expect(tailing.ids()).toEqual(['one', 'two']), patient);
});

test('goes on behind the cursor that it is given, and ends with one sentence when that is none', async () => {
  await using world = await startWorld();
  const { url } = world.tidings;
  await tell(url, { id: 'one' });
  const { event } = await world.data('{ event(id: "one") { cursor } }');
  await tell(url, { id: 'two' });
  const tailing = await tail(['--after', event.cursor, '--json', '--url', url]);
  await vi.waitFor(() => expect(tailing.ids()).toEqual(['two']), patient);

  const elsewhere = formatCursor({ epoch: '00c0ffee0000', position: origin });
  for (const [after, words] of [
    ['nonsense', /cursor/],
    [elsewhere, /another log/],
  ] as const) {
    const refused = begin(['--after', after, '--url', url]);
    expect(await refused.ended).toBe(1);
    expect(refused.said()).toMatch(words);
    expect(
      refused
        .said()
        .replace(/^connected to .*\n/, '')
        .trimEnd(),
    ).not.toContain('\n');
  }
});

test('survives restarts of the server with nothing lost or repeated, also before the first event came', async () => {
  await using home = await newDatabase();
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const restart = async (server: ChildProcess, stored: string): Promise<ChildProcess> => {
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
    const next = await serve({ ...home.environment, PORT: port });
    await tell(url, { id: stored }); // while the tail does not run, let alone listen
    return next;
  };
  let server = await serve({ ...home.environment, PORT: port });
  const tailing = await tail(['--json', '--url', url]);
  tailing.child.kill('SIGSTOP');
  server = await restart(server, 'in-the-first-outage');
  tailing.child.kill('SIGCONT');
  await vi.waitFor(() => expect(tailing.ids()).toEqual(['in-the-first-outage']), patient);
  await tell(url, { id: 'between' });
  await vi.waitFor(() => expect(tailing.ids()).toContain('between'), patient);
  tailing.child.kill('SIGSTOP');
  server = await restart(server, 'in-the-second-outage');
  tailing.child.kill('SIGCONT');
  await tell(url, { id: 'after' });
  await vi.waitFor(() => expect(tailing.ids()).toContain('after'), patient);
  expect(tailing.ids()).toEqual(['in-the-first-outage', 'between', 'in-the-second-outage', 'after']);
  const again = `lost the connection to ${url} (…); trying again\nconnected again to ${url}, going on after the last event\n`;
  expect(tailing.said().replaceAll(/\(.*\)/g, '(…)')).toBe(`connected to ${url}\n${again.repeat(2)}`);
  expect(await tailing.stop('SIGINT')).toBe(0);
});

test('waits for a server that is not there yet, and says so once', async () => {
  await using home = await newDatabase();
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const tailing = begin(['--json', '--url', url]);
  await vi.waitFor(() => expect(tailing.said()).toContain('cannot reach'), patient);
  await serve({ ...home.environment, PORT: port });
  await vi.waitFor(() => expect(tailing.said()).toContain('connected'), patient);
  await tell(url, { id: 'one' });
  await vi.waitFor(() => expect(tailing.ids()).toEqual(['one']), patient);
  const expected = new RegExp(`^cannot reach ${url} \\(.*ECONNREFUSED.*\\); trying until it answers\nconnected to ${url}\n$`);
  expect(tailing.said()).toMatch(expected);
});

test('ends at a signal while it waits for a server', async () => {
  const tailing = begin(['--url', `http://127.0.0.1:${await freePort()}`]);
  await vi.waitFor(() => expect(tailing.said()).toContain('cannot reach'), patient);
  expect(await tailing.stop('SIGINT')).toBe(0);
});

test('waits for a slow reader, which gets everything, and ends quietly when the reader leaves', async () => {
  await using world = await startWorld();
  const { url } = world.tidings;
  const { head } = await world.data('{ head }');
  const wanted = gunzipSync(readFileSync(sample)).toString().split('\n', 3000);
  const emitting = spawn(process.execPath, [cli, 'emit', '-', '--url', url]);
  emitting.stdin.end(wanted.join('\n'));
  await once(emitting, 'close');
  const tailing = await tail(['--json', '--after', head, '--url', url]);
  tailing.child.stdout?.pause();
  await tell(url, { id: 'last' });
  tailing.child.stdout?.resume();
  await vi.waitFor(() => expect(tailing.lines).toHaveLength(3001), patient);
  expect(tailing.ids()).toEqual([...wanted.map((line) => JSON.parse(line).id), 'last']);

  tailing.child.stdout?.destroy();
  await tell(url, { id: 'unseen' });
  expect(await tailing.ended).toBe(0);
  expect(tailing.said()).toBe(`connected to ${url}\n`);
});

test('answers wrong words with one sentence', async () => {
  for (const [words, sentence] of [
    [['kiki'], 'Expected flags only, got "kiki". Usage: tidings tail'],
    [['--speed'], "Unknown option '--speed'. Usage: tidings tail"],
    [['--url', '127.0.0.1:4000'], '--url: expected an address such as http://127.0.0.1:4000'],
  ] as const) {
    const tailing = begin(words);
    expect(await tailing.ended).toBe(2);
    expect(tailing.said()).toContain(sentence);
  }
});

interface Tailing {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly ended: Promise<number | null>;
  /** The ids in lines of JSON. */
  ids(): readonly string[];
  /** What it said on standard error. */
  said(): string;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** Runs `tidings tail` with these words. */
function begin(words: readonly string[]): Tailing {
  const child = spawn(process.execPath, [cli, 'tail', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  let [begun, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (begun + chunk).split('\n');
    begun = parts.pop() ?? '';
    lines.push(...parts);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const stop = (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return ended;
  };
  return { child, lines, ended, stop, said: () => said, ids: () => lines.map((line) => JSON.parse(line).id) };
}

/** … and waits until it is connected. */
async function tail(words: readonly string[]): Promise<Tailing> {
  const tailing = begin(words);
  await vi.waitFor(() => expect(tailing.said()).toContain('connected to'), patient);
  return tailing;
}

/** A server as a process of its own, once it is ready. */
async function serve(environment: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const { child } = await startProcess(environment);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function tell(url: string, event: object): Promise<void> {
  const input = {
    occurred: '2026-11-23T14:41:10.863461Z',
    event: 'acme.greeted',
    resource: { id: 'acme.kiki', name: 'Kiki' },
    ...event,
  };
  const { data } = await post(url, 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  expect(data?.emitEvent.status).toBe('CREATED');
}
