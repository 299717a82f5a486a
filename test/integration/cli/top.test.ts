import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { run, type Running } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { startProcess } from '../../support/process.ts';
import { newDatabase, post, startWorld } from '../../support/test-server.ts';

const patient = { timeout: 40_000, interval: 20 };

test('prints a table whenever events came, by event, and nothing in a name steers the terminal', async () => {
  await using world = await startWorld();
  const { url } = world.tidings;
  await tell(url, { event: 'acme.before' });
  const top = await begin(['--url', url]);
  for (const event of ['acme.a', 'acme.b\u001b[2J\n', 'acme.b\u001b[2J\n']) await tell(url, { event });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.b\\u001b[2J\\u000a 2', 'acme.a 1']), patient);
  expect(top.printed()).toMatch(/^\d events? in \d+ s, [\d.,]+\/s\nevent +count +\/s\n/);
  await tell(url, { event: 'acme.a' });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.a 2', 'acme.b\\u001b[2J\\u000a 2']), patient);
  const tables = top.printed();
  expect(await top.stop('SIGINT')).toBe(0);
  expect(top.printed()).toBe(tables); // there was nothing new to print
  expect(top.said()).toBe(`connected to ${url}\n`);
});

test('counts by resource, by label, and only what was asked for', async () => {
  await using world = await startWorld();
  const { url } = world.tidings;
  const byResource = await begin(['--by', 'resource', '--event', 'acme.', '--url', url]);
  const byLabel = await begin(['--by', 'label=re"gion', '--resource', 'r1', '--resource', 'r2', '--url', url]);
  await tell(url, { resource: { id: 'r1', labels: { 're"gion': 'eu' } } });
  await tell(url, { resource: { id: 'r2' } });
  await tell(url, { resource: { id: 'r2', labels: { 're"gion': '' } } });
  await tell(url, { resource: { id: 'r3', labels: { 're"gion': 'us' } } });
  await tell(url, { event: 'other', resource: { id: 'r1', labels: { 're"gion': 'eu' } } });
  await vi.waitFor(() => expect(rows(byResource)).toEqual(['r2 2', 'r1 1', 'r3 1']), patient);
  await vi.waitFor(() => expect(rows(byLabel)).toEqual(['eu 2', '(empty) 1', '(no re"gion) 1']), patient);
});

test('survives a restart of the server with nothing lost or counted twice', async () => {
  await using home = await newDatabase();
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const serve = async (): Promise<ChildProcess> => {
    const { child } = await startProcess({ ...home.environment, PORT: port });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };
  const server = await serve();
  const top = await begin(['--url', url]);
  await tell(url, { event: 'acme.before' });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.before 1']), patient);
  top.child.kill('SIGSTOP');
  const exit = once(server, 'exit');
  server.kill('SIGKILL');
  await exit;
  await serve();
  await tell(url, { event: 'acme.meanwhile' });
  top.child.kill('SIGCONT');
  await tell(url, { event: 'acme.before' });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.before 2', 'acme.meanwhile 1']), patient);
  expect(top.said()).toContain('going on after the last event');
  expect(await top.stop('SIGTERM')).toBe(0);
});

test('ends quietly when its reader leaves', async () => {
  await using world = await startWorld();
  const { url } = world.tidings;
  const top = await begin(['--url', url]);
  await tell(url, { event: 'acme.a' });
  await vi.waitFor(() => expect(rows(top)).toEqual(['acme.a 1']), patient);
  top.child.stdout?.destroy();
  await tell(url, { event: 'acme.a' });
  expect(await top.ended).toBe(0);
  expect(top.said()).toBe(`connected to ${url}\n`);
});

test('answers wrong words with one sentence', async () => {
  for (const [words, sentence] of [
    [['kiki'], 'Expected flags only, got "kiki". Usage: tidings top'],
    [['--by', 'label='], '--by: expected event, resource or label=KEY, got "label=".'],
    [['--every', '2'], '--every: expected a time from 100ms to 60m, such as 2s, got "2".'],
    [['--every', '10ms'], '--every: expected a time from 100ms to 60m, such as 2s, got "10ms".'],
  ] as const) {
    const top = run(['top', ...words]);
    expect(await top.ended).toBe(2);
    expect(top.said()).toContain(sentence);
  }
});

/** Runs `tidings top` until it is connected. */
async function begin(words: readonly string[]): Promise<Running> {
  const top = run(['top', ...(words.includes('--every') ? [] : ['--every', '100ms']), ...words]);
  await vi.waitFor(() => expect(top.said()).toContain('connected to'), patient);
  return top;
}

/** The last whole table: keys and counts. */
function rows(top: Running): readonly string[] {
  const table = top.printed().split('\n\n').at(-2) ?? '';
  return table
    .split('\n')
    .slice(2)
    .map((line) => line.trim().split(/ {2,}/).slice(0, 2).join(' '));
}

async function tell(url: string, event: object): Promise<void> {
  const input = { event: 'acme.greeted', resource: { id: 'acme.kiki' }, ...event };
  const { data } = await post(url, 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  expect(data?.emitEvent.status).toBe('CREATED');
}
