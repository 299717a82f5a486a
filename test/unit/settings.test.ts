import { describe, expect, test } from 'vitest';
import { readSettings, settingTable } from '../../src/settings.ts';
import { rejection } from './support/rejection.ts';

const keys = Object.keys(settingTable) as (keyof typeof settingTable)[];
const settings = keys.map((key) => Object.assign({ key }, settingTable[key]));
const numbers = settings.filter(({ fallback }) => typeof fallback === 'number');

test('without settings, each has its default', () => {
  expect(readSettings({})).toEqual(Object.fromEntries(settings.map(({ key, fallback }) => [key, fallback])));
  expect(readSettings({})).toMatchObject({ port: 4000, host: '127.0.0.1', databaseUrl: null, dataDir: './data', eventBytes: 1_500_000 });
});

test('an empty value counts as unset', () => {
  expect(readSettings(Object.fromEntries(settings.map(({ name }) => [name, ''])))).toEqual(readSettings({}));
});

test('other variables are ignored', () => {
  expect(readSettings({ PATH: '/bin', port: '1', TIDINGS_PORT: '2', TIDINGS_NO_SUCH_THING: 'x' })).toEqual(readSettings({}));
});

describe('each setting', () => {
  test('has a name of its own, with the prefix TIDINGS_ unless it is a conventional one', () => {
    const names = settings.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^TIDINGS_[A-Z]+(_[A-Z]+)*$/.test(name)).toSorted()).toEqual([
      'DATABASE_URL',
      'DATA_DIR',
      'HOST',
      'PORT',
    ]);
  });

  test.each(settings)('$name is described in one line', ({ meaning }) => {
    expect(meaning).toMatch(/^[A-Z][^\n]{5,110}\.$/);
  });

  test.each(settings.filter(({ fallback }) => fallback !== null))('$name can be set to its default', ({ key, name, fallback }) => {
    expect(readSettings({ [name]: String(fallback) })[key]).toBe(fallback);
  });
});

describe('an invalid value stops the start with a sentence that names the setting', () => {
  const noNumbers = ['ten', '1.5', '1e3', '0x10', ' 5', '5 ', '+5', '-0', '5\n', '٥', 'NaN', '9'.repeat(400)];
  test.each(numbers)('$name: $expected', ({ key, name, expected }) => {
    const [min, max] = /^a whole number from (\d+) to (\d+)$/.exec(expected)!.slice(1).map(Number) as [number, number];
    expect(readSettings({ [name]: String(min) })[key]).toBe(min);
    expect(readSettings({ [name]: String(max) })[key]).toBe(max);
    for (const wrong of [String(min - 1), String(max + 1), ...noNumbers]) {
      expect(rejection(() => readSettings({ [name]: wrong }))).toEqual(sentence(name, expected, JSON.stringify(wrong)));
    }
  });

  test.each(['WARN', 'trace', 'verbose', ' warn', 'toString'])('TIDINGS_LOG_LEVEL: %j', (wrong) => {
    const expected = 'one of fatal, error, warn, info, debug, silent';
    expect(rejection(() => readSettings({ TIDINGS_LOG_LEVEL: wrong }))).toEqual(
      sentence('TIDINGS_LOG_LEVEL', expected, JSON.stringify(wrong)),
    );
  });

  const urls = [
    'secret',
    'mysql://u:secret@host/db',
    'https://u:secret@host',
    'u:secret@host:5432/db',
    'postgres//u:secret@host',
    'postgres://u:secret@host:port/db',
  ];
  test.each(urls)('DATABASE_URL: %j, which the message does not repeat', (wrong) => {
    const expected = 'an address such as postgres://user:password@host:5432/database';
    expect(rejection(() => readSettings({ DATABASE_URL: wrong }))).toEqual(sentence('DATABASE_URL', expected, 'something else'));
  });

  test.each(['short', 'with spaces in it, which headers do not take', 'ä'.repeat(30), 'x'.repeat(256)])(
    'a key: %j, which the message does not repeat',
    (wrong) => {
      const expected = '22 to 255 characters without spaces';
      expect(rejection(() => readSettings({ TIDINGS_KEY: wrong }))).toEqual(sentence('TIDINGS_KEY', expected, 'something else'));
      expect(rejection(() => readSettings({ TIDINGS_ADMIN_KEY: wrong }))).toEqual(
        sentence('TIDINGS_ADMIN_KEY', expected, 'something else'),
      );
    },
  );

  test.each(['feed.example.com', 'https://feed.example.com/x', 'ws://feed.example.com', 'https://a.example,', '*', 'null'])(
    'TIDINGS_ALLOWED_ORIGINS: %j',
    (wrong) => {
      const expected = 'origins such as https://feed.example.com, separated by commas';
      expect(rejection(() => readSettings({ TIDINGS_ALLOWED_ORIGINS: wrong }))).toEqual(
        sentence('TIDINGS_ALLOWED_ORIGINS', expected, JSON.stringify(wrong)),
      );
    },
  );

  test.each(['TIDINGS_INTROSPECTION', 'TIDINGS_GRAPHIQL'])('%s: neither on nor off', (name) => {
    expect(rejection(() => readSettings({ [name]: 'false' }))).toEqual(sentence(name, 'one of on, off', '"false"'));
  });

  test('for every setting that has invalid values; the others accept any string', () => {
    const others = settings.filter((setting) => !numbers.includes(setting)).map(({ name }) => name);
    expect(others).toEqual([
      'HOST',
      'DATABASE_URL',
      'DATA_DIR',
      'TIDINGS_ADMIN_KEY',
      'TIDINGS_KEY',
      'TIDINGS_ALLOWED_ORIGINS',
      'TIDINGS_INTROSPECTION',
      'TIDINGS_GRAPHIQL',
      'TIDINGS_LOG_LEVEL',
    ]); // add a test above for a new one
  });
});

test('TIDINGS_ALLOWED_ORIGINS are normalized to the form that browsers send', () => {
  const given = 'https://Feed.example.com, http://127.0.0.1:3000/,https://b.example:443';
  expect(readSettings({ TIDINGS_ALLOWED_ORIGINS: given }).allowedOrigins).toEqual([
    'https://feed.example.com',
    'http://127.0.0.1:3000',
    'https://b.example',
  ]);
});

test.each(['postgres://localhost/tidings', 'postgresql://u:p%40ss@[::1]:5433/db?sslmode=require'])('DATABASE_URL can be %s', (url) => {
  expect(readSettings({ DATABASE_URL: url }).databaseUrl).toBe(url);
});

function sentence(name: string, expected: string, got: string): unknown {
  return { code: 'CANNOT_START', message: `${name}: expected ${expected}, got ${got}. Set a valid value, or unset it.` };
}
