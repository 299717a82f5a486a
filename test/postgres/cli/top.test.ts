import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { run, type Running } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { startProcess } from '../../support/process.ts';
import { newDatabase, post, startTestServer } from '../../support/test-server.ts';

const pollOptions = { timeout: 40_000, interval: 20 };

test('prints a table by event name after new events, and escapes control characters', async () => {
  await using testServer = await startTestServer();
  const { url } = testServer.tidings;
  await emitEvent(url, { event: 'acme.before' });
  const top = await startTop(['--url', url]);
  for (const event of ['acme.a', 'acme.b\u001b[2J\n', 'acme.b\u001b[2J\n']) await emitEvent(url, { event });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.b\\u001b[2J\\u000a 2', 'acme.a 1']), pollOptions);
  expect(top.stdout()).toMatch(/^\d events? in \d+ s, [\d.,]+\/s\nevent +count +\/s\n/);
  await emitEvent(url, { event: 'acme.a' });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.a 2', 'acme.b\\u001b[2J\\u000a 2']), pollOptions);
  const tables = top.stdout();
  expect(await top.stop('SIGINT')).toBe(0);
  expect(top.stdout()).toBe(tables); // no new events, so no new table
  expect(top.stderr()).toBe(`connected to ${url}\n`);
});

test('counts by resource and by label, and only events that match the options', async () => {
  await using testServer = await startTestServer();
  const { url } = testServer.tidings;
  const byResource = await startTop(['--by', 'resource', '--event', 'acme.', '--url', url]);
  const byLabel = await startTop(['--by', 'label=re"gion', '--resource', 'r1', '--resource', 'r2', '--url', url]);
  await emitEvent(url, { resource: { id: 'r1', labels: { 're"gion': 'eu' } } });
  await emitEvent(url, { resource: { id: 'r2' } });
  await emitEvent(url, { resource: { id: 'r2', labels: { 're"gion': '' } } });
  await emitEvent(url, { resource: { id: 'r3', labels: { 're"gion': 'us' } } });
  await emitEvent(url, { event: 'other', resource: { id: 'r1', labels: { 're"gion': 'eu' } } });
  await vi.waitFor(() => expect(rows(byResource)).toEqual(['r2 2', 'r1 1', 'r3 1']), pollOptions);
  await vi.waitFor(() => expect(rows(byLabel)).toEqual(['eu 2', '(empty) 1', '(no re"gion) 1']), pollOptions);
});

test('survives a restart of the server with nothing lost or counted twice', async () => {
  await using testDatabase = await newDatabase();
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const serve = async (): Promise<ChildProcess> => {
    const { child } = await startProcess({ ...testDatabase.environment, PORT: port });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };
  const server = await serve();
  const top = await startTop(['--url', url]);
  await emitEvent(url, { event: 'acme.before' });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.before 1']), pollOptions);
  top.child.kill('SIGSTOP');
  const exit = once(server, 'exit');
  server.kill('SIGKILL');
  await exit;
  await serve();
  await emitEvent(url, { event: 'acme.meanwhile' });
  top.child.kill('SIGCONT');
  await emitEvent(url, { event: 'acme.before' });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.before 2', 'acme.meanwhile 1']), pollOptions);
  expect(top.stderr()).toContain('resuming after the last event');
  expect(await top.stop('SIGTERM')).toBe(0);
});

test('exits with 0 when the reader of its output closes it', async () => {
  await using testServer = await startTestServer();
  const { url } = testServer.tidings;
  const top = await startTop(['--url', url]);
  await emitEvent(url, { event: 'acme.a' });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.a 1']), pollOptions);
  top.child.stdout?.destroy();
  await emitEvent(url, { event: 'acme.a' });
  expect(await top.ended).toBe(0);
  expect(top.stderr()).toBe(`connected to ${url}\n`);
});

test('reports invalid arguments in one sentence', async () => {
  for (const [args, sentence] of [
    [['kiki'], 'Expected options only, got "kiki". Usage: tidings top'],
    [['--by', 'label='], '--by: expected event, resource or label=KEY, got "label=".'],
    [['--event', 'acme.*'], `--event: expected the start of an event name without wildcards, got "acme.*". Write --event 'acme.'.\n`],
    [['--every', '2'], '--every: expected a duration from 100ms to 60m, such as 2s, got "2".'],
    [['--every', '10ms'], '--every: expected a duration from 100ms to 60m, such as 2s, got "10ms".'],
  ] as const) {
    const top = run(['top', ...args]);
    expect(await top.ended).toBe(2);
    expect(top.stderr()).toContain(sentence);
  }
});

/** Runs `tidings top`, and waits until it is connected. */
async function startTop(args: readonly string[]): Promise<Running> {
  const top = run(['top', ...(args.includes('--every') ? [] : ['--every', '100ms']), ...args]);
  await vi.waitFor(() => expect(top.stderr()).toContain('connected to'), pollOptions);
  return top;
}

/** The keys and counts of the last complete table. */
function rows(top: Running): readonly string[] {
  const table = top.stdout().split('\n\n').at(-2) ?? '';
  return table
    .split('\n')
    .slice(2)
    .map((line) => line.trim().split(/ {2,}/).slice(0, 2).join(' '));
}

async function emitEvent(url: string, event: object): Promise<void> {
  const input = { event: 'acme.greeted', resource: { id: 'acme.kiki' }, ...event };
  const { data } = await post(url, 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  expect(data?.emitEvent.status).toBe('CREATED');
}
