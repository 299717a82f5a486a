import { expect, test } from 'vitest';
import { run } from '../../support/command.ts';
import { adminKey, bearer } from '../../support/keys.ts';
import { startProcess } from '../../support/process.ts';
import { blocks } from '../../support/readme.ts';
import { newDatabase, onPostgres, post, startWorld } from '../../support/test-server.ts';

/** Runs `tidings keys …` to its end: what it printed. */
async function keys(words: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  const running = run(['keys', ...words], { PATH: process.env['PATH']!, ...environment });
  expect(await running.ended, running.said()).toBe(0);
  return running.printed();
}

test('keys are made on the database itself, and a server on it knows them', async () => {
  await using home = await newDatabase();
  const make = blocks('sh').find((each) => each.includes('keys create'));
  const lines = make!.replaceAll('\\\n', '').trim().split('\n');
  const words = lines.map((line) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!));
  expect(words.every(([npm, ...rest]) => npm === 'npm' && rest.includes('keys'))).toBe(true);
  const [ops, orders, list] = words.map((each) => each.slice(each.indexOf('keys') + 1));
  const secrets = [await keys(ops!, home.environment), await keys(orders!, home.environment)].map((each) => each.trimEnd());
  expect(secrets.join('\n')).toMatch(/^tidings_\w{12}_[\w-]{43}\ntidings_\w{12}_[\w-]{43}$/);
  const shown = await keys(list!, home.environment);
  expect(
    shown
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\dZ/g, 'TIME')
      .replace(/\b[0-9a-f]{12}\b/g, 'ID')
      .replace(/ {2,}/g, '  '),
  ).toBe(
    [
      'ID  NAME  MAY  STATE  CREATED  EXPIRES  EMITS  SEES',
      'ID  ops  emit,read,admin  good  TIME  never  *  everything',
      'ID  orders  emit,read  good  TIME  TIME  acme.order.*  {"resource":{"id":{"startsWith":["acme.order."]}}}',
      '',
    ].join('\n'),
  );

  const server = await startProcess({ ...home.environment, HOST: '0.0.0.0' });
  try {
    const url = server.url.replace('0.0.0.0', '127.0.0.1');
    expect((await post(url, '{ head }')).status).toBe(401);
    for (const secret of secrets) expect((await bearer(url, secret).answer('{ head }')).status).toBe(200);
    const tail = run(['tail', '--url', url], { PATH: process.env['PATH']!, TIDINGS_KEY: `${secrets[0]}x` });
    expect([await tail.ended, tail.said()]).toEqual([1, 'The key is not known here, was revoked, or has expired.\n']);
    const chain = run(['chain', 'nothing', '--url', url], { PATH: process.env['PATH']!, TIDINGS_KEY: secrets[0]! });
    expect([await chain.ended, chain.said()]).toEqual([1, expect.stringContaining('There is no event "nothing"')]);
    if (!onPostgres) {
      const refused = run(['keys', 'list'], { PATH: process.env['PATH']!, ...home.environment });
      expect([await refused.ended, refused.said()]).toEqual([1, expect.stringContaining('add --url http://127.0.0.1:4000')]);
    }
  } finally {
    server.child.kill('SIGKILL');
  }
});

test('they are made and revoked through a server, by a key that may', async () => {
  await using world = await startWorld({ TIDINGS_ADMIN_KEY: adminKey });
  const through = (words: readonly string[], key = adminKey): Promise<string> =>
    keys([...words, '--url', world.tidings.url], { TIDINGS_KEY: key });
  expect(await through(['list'])).toBe('There are no keys.\n');
  const secret = (await through(['create', 'reader', '--may', 'read'])).trimEnd();
  expect((await bearer(world.tidings.url, secret).answer('{ head }')).status).toBe(200);
  expect(await through(['revoke', secret.split('_')[1]!])).toMatch(/ revoked \d{4}-/);
  expect((await bearer(world.tidings.url, secret).answer('{ head }')).status).toBe(401);

  const wrong: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['create'], 2, /Expected create NAME, list or revoke ID\. Usage/],
    [['make', 'x'], 2, /Expected create, list or revoke, got make\. Usage/],
    [['create', 'x', '--may', 'write'], 2, /^--may: expected emit, read, admin or several .* got "write"/],
    [['create', 'x', '--filter', '['], 2, /^--filter: expected an EventFilter as JSON/],
    [['create', 'x', '--filter', '{"txt":"a"}'], 1, /Field "txt" is not defined by type "EventFilter"/],
    [['create', 'x', '--expires', '2001-01-01'], 1, /input\.expires: expected a time to come/],
    [['revoke', 'nobody'], 1, /there is no key "nobody"/],
  ];
  for (const [words, code, sentence] of wrong) {
    const running = run(['keys', ...words, '--url', world.tidings.url], { PATH: process.env['PATH']!, TIDINGS_KEY: adminKey });
    expect([await running.ended, running.said()], words.join(' ')).toEqual([code, expect.stringMatching(sentence)]);
    expect(running.printed()).toBe('');
  }
});
