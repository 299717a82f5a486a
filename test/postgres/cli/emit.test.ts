import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { startProcess } from '../../support/process.ts';
import { newDatabase, post, startTestServer } from '../../support/test-server.ts';

const cli = join(import.meta.dirname, '../../../dist/src/cli.js');
const sample = join(import.meta.dirname, '../../fixtures/github-2015-01-01.ndjson.gz');
const pollOptions = { timeout: 40_000, interval: 20 };
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'tidings-emit-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('emits the sample in the order of the file, and reports duplicates the second time', async () => {
  await using server = await startTestServer();
  const first = await emit([sample, '--url', server.tidings.url]).ended;
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(/^15,129 lines: 15,129 created, 0 duplicates, 0 rejected; \d+\.\d s, [\d,]+ events\/s\n$/);
  const { events } = await server.data('{ events(order: LOG, first: 1000) { nodes { id } } }');
  const given = gunzipSync(readFileSync(sample)).toString().split('\n', 1000);
  expect(events.nodes.map(({ id }: { id: string }) => id)).toEqual(given.map((line) => JSON.parse(line).id));

  const second = await emit([sample, '--url', server.tidings.url]).ended;
  expect(second.code).toBe(0);
  expect(second.stdout).toMatch(/^15,129 lines: 0 created, 15,129 duplicates, 0 rejected;/);
});

test('reads lines from standard input, with blank lines and any line ends', async () => {
  await using server = await startTestServer();
  const text = `\uFEFF${document('one', { payload: { much: 'é\u2028"' } })}\r\n\n  \n${document('two', { payload: null, follows: null })}`;
  const { code, stdout } = await emit(['-', '--url', `${server.tidings.url}/graphql`], text).ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^2 lines: 2 created, 0 duplicates, 0 rejected;/);
  const { event } = await server.data(
    '{ event(id: "one") { occurred payload resource { resourceId name labels } related { resourceId role labels } } }',
  );
  expect(event).toEqual({
    occurred: '2026-11-23T14:41:10.863461Z',
    payload: { much: 'é\u2028"' },
    resource: { resourceId: 'acme.kiki', name: 'Kiki', labels: { 'prefect.resource.name': 'Kiki', city: 'Rome' } },
    related: [{ resourceId: 'acme.gate', role: 'gate', labels: { colour: 'red' } }],
  });
});

test('recognizes gzip by the first bytes, not by the file name, and reads several gzip members', async () => {
  await using server = await startTestServer();
  const zipped = file('events.ndjson', Buffer.concat([gzipSync(`${document('one')}\n`), gzipSync(document('two'))]));
  const uncompressed = file('events.ndjson.gz', document('three'));
  expect((await emit([zipped, '--url', server.tidings.url]).ended).stdout).toMatch(/^2 lines: 2 created/);
  expect((await emit([uncompressed, '--url', server.tidings.url]).ended).stdout).toMatch(/^1 lines: 1 created/);
});

test('reports every invalid line with its number, path and reason, and stores the others', async () => {
  await using server = await startTestServer();
  const lines = [
    document('valid'),
    'nonsense \u001b[31m',
    '',
    '[1]',
    document(undefined),
    document('b', { occurred: undefined }),
    document('c', { event: 5 }),
    document('d', { resource: 'acme.kiki' }),
    document('e', { related: [{ 'prefect.resource.id': 'acme.gate' }] }),
    document('f', { resource: { 'prefect.resource.id': 'acme.kiki', size: 7 } }),
    document('valid', { event: 'acme.changed' }),
    document('g', { payload: { 'a.b': ['\0'] } }),
    document('h', { resource: { name: 'Kiki' }, related: 'none' }),
    document('i'.repeat(256)),
    Buffer.from([0x22, 0xff, 0x22]),
    document('valid'),
  ];
  const bytes = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')]));
  const { code, stdout } = await emit([file('bad.ndjson', bytes), '--url', server.tidings.url, '--batch', '4']).ended;
  expect(code).toBe(1);
  const [summary, ...rejected] = stdout.trimEnd().split('\n');
  expect(summary).toMatch(/^15 lines: 1 created, 1 duplicates, 13 rejected;/);
  expect(rejected).toEqual([
    expect.stringMatching(/^line 2: expected a JSON object, got invalid JSON \(.*\\u001b.*\)$/),
    'line 4: expected a JSON object, got an array',
    'line 5: id: expected a non-empty string, got nothing',
    'line 6: occurred: expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got nothing',
    'line 7: event: expected a string, got the number 5',
    'line 8: resource: expected an object, got "acme.kiki"',
    'line 9: related.0."prefect.resource.role": expected a non-empty string, got nothing',
    'line 10: resource.size: expected a string, got the number 7',
    expect.stringMatching(/^line 11: id: an event with this id is already stored, with other content in event/),
    expect.stringMatching(/^line 12: payload\."a\.b"\.0: the string has the character U\+0000/),
    'line 13: resource."prefect.resource.id": expected a non-empty string, got nothing (and 1 more)',
    expect.stringMatching(/^line 14: id: expected at most 255 characters/),
    'line 15: expected a JSON object, got bytes that are not UTF-8',
  ]);
});

test('ignores unknown members and reports them, and rejects them with --strict', async () => {
  await using server = await startTestServer();
  const lines = file('unknown.ndjson', `${document('a', { playload: {} })}\n${document('b', { received: 'x', cursor: 'y' })}\n`);
  const { code, stdout } = await emit([lines, '--url', server.tidings.url]).ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^2 lines: 2 created, .*\n1 unknown members were ignored; --strict rejects them\nline 1: "playload"\n$/);
  const strict = await emit([lines, '--strict', '--url', server.tidings.url]).ended;
  expect(strict.code).toBe(1);
  expect(strict.stdout).toMatch(
    /^2 lines: 0 created, 1 duplicates, 1 rejected; .*\nline 1: playload: expected no members but id, occurred, /,
  );
});

test('shows the first twenty invalid lines and counts the others', async () => {
  await using server = await startTestServer();
  const { code, stdout } = await emit(['-', '--url', server.tidings.url], 'bad\n'.repeat(1234)).ended;
  expect(code).toBe(1);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(22);
  expect(lines.at(-1)).toBe('… and 1,214 more');
});

test('keeps its requests within the limits of the service, in events and in bytes', async () => {
  await using server = await startTestServer({ TIDINGS_MAX_BATCH_EVENTS: '3', TIDINGS_MAX_BODY_BYTES: '9000000' });
  const long = 'x'.repeat(1_400_000);
  const text = Array.from({ length: 20 }, (_, index) => document(`event-${index}`, { payload: index < 8 ? { long } : {} })).join('\n');
  expect((await emit(['-', '--url', server.tidings.url], text).ended).stdout).toMatch(/^20 lines: 20 created/);
});

test('sends smaller batches if the service, or a proxy before it, accepts only smaller requests', async () => {
  await using server = await startTestServer({ TIDINGS_MAX_BODY_BYTES: '100000' });
  const text = gunzipSync(readFileSync(sample)).toString().split('\n', 500).join('\n');
  expect((await emit(['-', '--url', server.tidings.url], text).ended).stdout).toMatch(/^500 lines: 500 created/);
  const requestBytes: number[] = [];
  const proxy = createHttpServer((request, response) => {
    void readText(request).then(async (body) => {
      requestBytes.push(body.length);
      if (body.length > 20_000) return response.writeHead(413).end('too large');
      const { method = 'POST', headers } = request;
      const answer = await fetch(`${server.tidings.url}/graphql`, {
        method,
        headers: { 'content-type': headers['content-type'] ?? '' },
        body,
      });
      return response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
  });
  const url = await listen(proxy);
  const events = Array.from({ length: 300 }, (_, index) => document(`proxied-${index}`)).join('\n');
  const { stdout, stderr } = await emit(['-', '--url', url], events).ended;
  proxy.close();
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^300 lines: 300 created/);
  expect(Math.max(...requestBytes)).toBeGreaterThan(20_000);
});

test('a rejected key ends the command at once, also while standard input is open', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: 'a'.repeat(32) });
  const emitting = emit(['-', '--url', server.tidings.url], { open: `${document('one')}\n` });
  const { code, stdout, stderr } = await emitting.ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^expected an API key in the header .*, got none\n$/);
});

test('reports invalid arguments and unreadable files in one sentence', async () => {
  const cases = [
    [[], 'Expected one file, got 0. Usage: tidings emit FILE'],
    [['a', 'b'], 'Expected one file, got 2. Usage: tidings emit FILE'],
    [['a', '--speed', '9'], "Unknown option '--speed'. Usage: tidings emit FILE"],
    [['a', '--batch', 'x'], '--batch: expected a whole number of at least 1, got "x".'],
    [['a', '--url', 'ftp://x'], '--url: expected an address such as http://127.0.0.1:4000, got "ftp://x".'],
    [[join(folder, 'absent')], `${join(folder, 'absent')}: expected a file of event documents, but there is no such file.`],
    [[folder], `${folder}: expected a file of event documents, got a directory.`],
  ] as const;
  for (const [args, sentence] of cases) {
    const { code, stdout, stderr } = await emit(args).ended;
    expect(stderr).toContain(sentence);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  }
});

test('reports the number of processed lines if the file is incomplete', async () => {
  await using server = await startTestServer();
  const truncatedFile = file('cut.gz', readFileSync(sample).subarray(0, 300_000));
  const { code, stderr } = await emit([truncatedFile, '--url', server.tidings.url]).ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /the gzip data is damaged or incomplete .* \d,\d+ lines were processed before; emitting the file again is safe\.\n$/,
  );
});

test('reports that the server at the address is not Tidings', async () => {
  const other = createHttpServer((_, response) => response.writeHead(404).end('nothing here'));
  const url = await listen(other);
  const { code, stderr } = await emit(['-', '--url', url], document('one')).ended;
  other.close();
  expect(code).toBe(1);
  expect(stderr).toBe(
    `Expected a Tidings server at ${url}, got a response with status 404 that is not GraphQL. Set --url to its address.\n`,
  );
  const plain = createTcpServer((socket) => socket.end('SSH-2.0-other\r\n'));
  const ssh = await listen(plain);
  const protocol = await emit(['-', '--url', ssh], document('one')).ended;
  const tls = await emit(['-', '--url', ssh.replace('http', 'https')], document('one')).ended;
  plain.close();
  expect([protocol.code, tls.code]).toEqual([1, 1]);
  expect(protocol.stderr).toMatch(new RegExp(`^Expected a Tidings server at ${ssh}, got .*. Set --url to its address.\n$`));
  expect(tls.stderr).toMatch(/^Expected a Tidings server at https:.*, got .*. Set --url to its address.\n$/);
});

test('waits for a server, at the start and in the middle of a file, and reports it once each time', async () => {
  await using testDatabase = await newDatabase();
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const events = gunzipSync(readFileSync(sample)).toString().split('\n', 3000).join('\n');
  const emitting = emit(['-', '--url', url, '--batch', '5'], events);
  await vi.waitFor(() => expect(emitting.stderrSoFar()).toContain('retrying'), pollOptions);
  const first = await serve({ ...testDatabase.environment, PORT: port });
  await vi.waitFor(async () => {
    const { data } = await post(url, '{ events { totalCount { count } } }');
    expect(data.events.totalCount.count).toBeGreaterThan(100);
  }, pollOptions);
  await end(first, 'SIGKILL');
  await vi.waitFor(() => expect(emitting.stderrSoFar().match(/cannot reach/g)).toHaveLength(2), pollOptions);
  const second = await serve({ ...testDatabase.environment, PORT: port });
  const { code, stdout, stderr } = await emitting.ended;
  const { data } = await post(url, '{ events { totalCount(max: 100000) { count } } }');
  await end(second, 'SIGTERM');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^3,000 lines: .* 0 rejected;/);
  expect(data.events.totalCount.count).toBe(3000);
  expect(stderr).toMatch(new RegExp(`^(?:cannot reach ${url} \\(.*\\); retrying for up to 60 s\n){2}$`));
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tidings emit` with arguments and standard input. */
function emit(
  args: readonly string[],
  input: string | { readonly open: string } = '',
): { readonly ended: Promise<Ended>; stderrSoFar(): string } {
  const child = spawn(process.execPath, [cli, 'emit', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.on('error', () => undefined); // the command can exit before it has read everything
  if (typeof input === 'string') child.stdin.end(input);
  else child.stdin.write(input.open);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { ended, stderrSoFar: () => stderr };
}

/** Starts a server in its own process. */
async function serve(environment: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const { child } = await startProcess(environment);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

async function listen(server: NetServer): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function file(name: string, content: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function document(id: string | undefined, fields: object = {}): string {
  return JSON.stringify({
    id,
    occurred: '2026-11-23T15:41:10.863461+01:00',
    event: 'acme.greeted',
    resource: { 'prefect.resource.id': 'acme.kiki', 'prefect.resource.name': 'Kiki', city: 'Rome' },
    related: [{ 'prefect.resource.id': 'acme.gate', 'prefect.resource.role': 'gate', colour: 'red' }],
    ...fields,
  });
}
