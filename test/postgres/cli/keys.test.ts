import { expect, test } from 'vitest';
import { run } from '../../support/command.ts';
import { adminKey, bearer } from '../../support/keys.ts';
import { startProcess } from '../../support/process.ts';
import { textOf } from '../../support/examples.ts';
import { newDatabase, onPostgres, post, startTestServer } from '../../support/test-server.ts';

/** Runs `tidings keys …`, and returns its standard output. */
async function keys(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  const running = run(['keys', ...args], { PATH: process.env['PATH']!, ...environment });
  expect(await running.ended, running.stderr()).toBe(0);
  return running.stdout();
}

test('keys are created in the database itself, and a server on it accepts them', async () => {
  await using testDatabase = await newDatabase();
  // The page's last command revokes a key, whose id is known only to its reader.
  const [, commands] = /```sh\n([^`]*keys create[^`]*)```/.exec(textOf('docs/keys.md'))!;
  const lines = commands!
    .replaceAll('\\\n', '')
    .trim()
    .split('\n')
    .filter((line) => !line.includes('keys revoke'));
  const args = lines.map((line) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!));
  expect(args.every(([npm, ...rest]) => npm === 'npm' && rest.includes('keys'))).toBe(true);
  const [ops, orders, list] = args.map((each) => each.slice(each.indexOf('keys') + 1));
  const secrets = [await keys(ops!, testDatabase.environment), await keys(orders!, testDatabase.environment)].map((each) => each.trimEnd());
  expect(secrets.join('\n')).toMatch(/^tidings_\w{12}_[\w-]{43}\ntidings_\w{12}_[\w-]{43}$/);
  const shown = await keys(list!, testDatabase.environment);
  expect(
    shown
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\dZ/g, 'TIME')
      .replace(/\b[0-9a-f]{12}\b/g, 'ID')
      .replace(/ {2,}/g, '  '),
  ).toBe(
    [
      'ID  NAME  PERMISSIONS  STATE  CREATED  EXPIRES  EMIT PREFIX  VISIBLE EVENTS',
      'ID  ops  emit,read,admin  active  TIME  never  *  every event',
      'ID  orders  emit,read  active  TIME  TIME  acme.order.*  the primary resource has an id beginning with "acme.order."',
      '',
    ].join('\n'),
  );

  const server = await startProcess({ ...testDatabase.environment, HOST: '0.0.0.0' });
  try {
    const url = server.url.replace('0.0.0.0', '127.0.0.1');
    expect((await post(url, '{ head }')).status).toBe(401);
    for (const secret of secrets) expect((await bearer(url, secret).execute('{ head }')).status).toBe(200);
    const tail = run(['tail', '--url', url], { PATH: process.env['PATH']!, TIDINGS_KEY: `${secrets[0]}x` });
    expect([await tail.ended, tail.stderr()]).toEqual([1, 'The API key is unknown, expired or revoked.\n']);
    const chain = run(['chain', 'nothing', '--url', url], { PATH: process.env['PATH']!, TIDINGS_KEY: secrets[0]! });
    expect([await chain.ended, chain.stderr()]).toEqual([1, expect.stringContaining('There is no event "nothing"')]);
    if (!onPostgres) {
      const rejected = run(['keys', 'list'], { PATH: process.env['PATH']!, ...testDatabase.environment });
      expect([await rejected.ended, rejected.stderr()]).toEqual([1, expect.stringContaining('add --url http://127.0.0.1:4000')]);
    }
  } finally {
    server.child.kill('SIGKILL');
  }
});

test('keys are created and revoked through a server, with a key that has ADMIN', async () => {
  await using testServer = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const through = (args: readonly string[], key = adminKey): Promise<string> =>
    keys([...args, '--url', testServer.tidings.url], { TIDINGS_KEY: key });
  expect(await through(['list'])).toBe('There are no keys.\n');
  const secret = (await through(['create', 'reader', '--permissions', 'read'])).trimEnd();
  expect((await bearer(testServer.tidings.url, secret).execute('{ head }')).status).toBe(200);
  expect(await through(['revoke', secret.split('_')[1]!])).toMatch(/ revoked \d{4}-/);
  expect((await bearer(testServer.tidings.url, secret).execute('{ head }')).status).toBe(401);

  const wrong: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['create'], 2, /Expected create NAME, list or revoke ID\. Usage/],
    [['make', 'x'], 2, /Expected create, list or revoke, got make\. Usage/],
    [['create', 'x', '--permissions', 'write'], 2, /^--permissions: expected emit, read or admin, .* got "write"/],
    [['create', 'x', '--filter', '['], 2, /^--filter: expected an EventFilter as JSON/],
    [['create', 'x', '--filter', '{"txt":"a"}'], 1, /Field "txt" is not defined by type "EventFilter"/],
    [['create', 'x', '--expires', '2001-01-01'], 1, /input\.expires: expected a time in the future/],
    [['revoke', 'unknown'], 1, /there is no key "unknown"/],
  ];
  for (const [args, code, sentence] of wrong) {
    const running = run(['keys', ...args, '--url', testServer.tidings.url], { PATH: process.env['PATH']!, TIDINGS_KEY: adminKey });
    expect([await running.ended, running.stderr()], args.join(' ')).toEqual([code, expect.stringMatching(sentence)]);
    expect(running.stdout()).toBe('');
  }
});
