import { expect, test } from 'vitest';
import { run } from '../../support/command.ts';

test('prints the settings in force with their sources, and no secrets', async () => {
  const command = run(['settings'], { PORT: '1234', TIDINGS_KEY: 'k'.repeat(22), DATABASE_URL: 'postgres://u:secret@host/db' });
  expect([await command.ended, command.stderr()]).toEqual([0, '']);
  expect(command.stdout()).toMatch(/^Setting +Value +Source +Default +Meaning\nPORT +1234 +environment +4000 +TCP port/);
  expect(command.stdout()).toMatch(/^HOST +127\.0\.0\.1 +default /m);
  expect(command.stdout()).not.toMatch(/kkk|secret/);
});

test('reports invalid values after the table', async () => {
  const command = run(['settings'], { PORT: 'http', DATABASE_URL: 'postgres://u:secret@host/db?schema=public' });
  expect(await command.ended).toBe(1);
  expect(command.stdout()).toMatch(/^PORT +\(invalid\) +environment /m);
  expect(command.stderr()).toMatch(/^PORT: expected .*\nDATABASE_URL: the parameter "schema" is not supported\. .*\n$/);
});

test('reports variables that are no settings', async () => {
  const command = run(['settings'], { TIDINGS_RETENTION_DAY: '7', TIDINGS_WORKERS: '1', PATH_INFO: '/' });
  expect([await command.ended, command.stderr()]).toEqual([0, 'TIDINGS_RETENTION_DAY: there is no such setting, so it has no effect.\n']);
});

test('keys create rejects a wildcard in --emit-prefix', async () => {
  const command = run(['keys', 'create', 'shipper', '--emit-prefix', 'acme.*']);
  expect([await command.ended, command.stdout()]).toEqual([2, '']);
  expect(command.stderr()).toMatch(/^--emit-prefix: expected .* got "acme\.\*"\. Write --emit-prefix 'acme\.'\.\n$/);
});
