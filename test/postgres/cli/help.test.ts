import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../src/package-info.ts';
import { run } from '../../support/command.ts';

const cli = join(packageRoot, 'dist', 'src', 'cli.js');

test.each([[['--help']], [['-h']], [['help']], [[]]])('tidings %j lists the commands', async (args) => {
  const help = run(args);
  expect([await help.ended, help.stderr()]).toEqual([0, '']);
  expect(help.stdout()).toMatch(/^Usage: tidings COMMAND \[OPTIONS\]\n/);
  for (const command of ['serve', 'emit FILE', 'tail', 'top', 'chain ID', 'demo', 'keys create NAME', 'settings']) {
    expect(help.stdout()).toMatch(new RegExp(`^  ${command} .*\\.$`, 'm'));
  }
  for (const line of help.stdout().split('\n')) expect(line.length).toBeLessThanOrEqual(130);
});

test.each([
  ['serve', []],
  ['emit', ['--url URL', '--batch COUNT', '--strict']],
  ['demo', ['--rate EVENTS', '--url URL']],
  ['tail', ['--event PREFIX', '--resource ID', '--json', '--after CURSOR', '--url URL']],
  ['top', ['--by DIMENSION', '--every DURATION', '--event PREFIX', '--resource ID', '--url URL']],
  ['chain', ['--max COUNT', '--url URL']],
  ['keys', ['--permissions LIST', '--filter JSON', '--emit-prefix PREFIX', '--expires TIME', '--url URL']],
  ['settings', []],
])('%s --help prints its usage and options, and does nothing else', async (command, options) => {
  const help = run([command, 'argument', '--help'], {});
  expect([await help.ended, help.stderr()]).toEqual([0, '']);
  expect(help.stdout()).toMatch(new RegExp(`^Usage: tidings ${command}\\b`));
  const names = Array.from(help.stdout().matchAll(/^ {2}(-\S.*?) {2}/gm), ([, name]) => name);
  expect(names).toEqual([...options, '-h, --help']);
});

test('after --, --help is an argument', async () => {
  const chain = run(['chain', 'a', '--', '--help']);
  expect([await chain.ended, chain.stdout()]).toEqual([2, '']);
  expect(chain.stderr()).toMatch(/^Expected one event id, got 2\. Usage: tidings chain ID/);
});

test.each([
  ['serve', '--port', "Unknown option '--port'"],
  ['serve', '5000', 'Expected options only, got "5000"'],
  ['settings', '--all', "Unknown option '--all'"],
  ['settings', 'PORT', 'Expected options only, got "PORT"'],
])('%s rejects the argument %s', async (command, argument, reason) => {
  const rejected = run([command, argument]);
  expect([await rejected.ended, rejected.stdout()]).toEqual([2, '']);
  expect(rejected.stderr()).toBe(`${reason}. Usage: tidings ${usages[command]}\n`);
});

const usages: Readonly<Record<string, string>> = {
  serve: 'serve. Settings come from the environment, such as PORT=5000; "tidings settings" lists them',
  settings: 'settings',
};

test.each(['shout', 'toString'])('the unknown command %s is reported in one sentence', async (name) => {
  const unknown = run([name]);
  expect([await unknown.ended, unknown.stdout()]).toEqual([2, '']);
  expect(unknown.stderr()).toBe(`Unknown command "${name}". "tidings --help" lists the commands.\n`);
});

test.each(['settings', '--help'])('%s is quiet when its reader closes the pipe', (command) => {
  const env = { PATH: process.env['PATH'] };
  const pipe = spawnSync('sh', ['-c', `"${process.execPath}" "${cli}" ${command} | head -n 1`], { encoding: 'utf8', env });
  expect([pipe.status, pipe.stderr, pipe.stdout.split('\n').length]).toEqual([0, '', 2]);
});
