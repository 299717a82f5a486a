import { describe, expect, test } from 'vitest';
import { driverUrls, maskPassword } from '../../src/postgres-url.ts';
import { readSettings, settingsInForce, settingTable } from '../../src/settings.ts';
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
      for (const name of ['TIDINGS_KEY', 'TIDINGS_ADMIN_KEY', 'TIDINGS_METRICS_TOKEN']) {
        expect(rejection(() => readSettings({ [name]: wrong }))).toEqual(sentence(name, expected, 'something else'));
      }
    },
  );

  test.each(['feed.example.com', 'https://feed.example.com/x', 'ws://feed.example.com', 'file://', 'data://x', 'chrome-extension://a/b'])(
    'TIDINGS_ALLOWED_ORIGINS: %j',
    (wrong) => {
      const expected = 'origins such as https://feed.example.com, separated by commas';
      expect(rejection(() => readSettings({ TIDINGS_ALLOWED_ORIGINS: `https://a.example, ${wrong}` }))).toEqual(
        sentence('TIDINGS_ALLOWED_ORIGINS', expected, JSON.stringify(wrong)),
      );
    },
  );

  test.each([
    '*',
    'https://*',
    'https://*.com',
    'https://*.1.2.3.4',
    'https://*.example.com.',
    'https://a.*.com',
    'https://*a.example.com',
    'https://*.*.example.com',
    'https://a.example.com:*',
    'capacitor://*.example.com',
  ])('TIDINGS_ALLOWED_ORIGINS with the wildcard of %s', (wrong) => {
    const message = `TIDINGS_ALLOWED_ORIGINS: expected * only as the first label of a host name, such as https://*.example.com, got ${JSON.stringify(wrong)}. List each origin instead.`;
    expect(rejection(() => readSettings({ TIDINGS_ALLOWED_ORIGINS: wrong }))).toEqual({ code: 'CANNOT_START', message });
  });

  test('TIDINGS_ALLOWED_ORIGINS: null, which has its reason', () => {
    expect(rejection(() => readSettings({ TIDINGS_ALLOWED_ORIGINS: 'null' }))).toMatchObject({ message: /sandboxed frame/ });
  });

  test.each(['TIDINGS_INTROSPECTION', 'TIDINGS_GRAPHIQL', 'TIDINGS_FEED'])('%s: neither on nor off', (name) => {
    expect(rejection(() => readSettings({ [name]: 'false' }))).toEqual(sentence(name, 'one of on, off', '"false"'));
  });

  test('for every setting that has invalid values; the others accept any string', () => {
    const others = settings.filter((setting) => !numbers.includes(setting)).map(({ name }) => name);
    expect(others).toEqual([
      'HOST',
      'DATABASE_URL',
      'DATA_DIR',
      'TIDINGS_ADMIN_KEY',
      'TIDINGS_METRICS_TOKEN',
      'TIDINGS_KEY',
      'TIDINGS_ALLOWED_ORIGINS',
      'TIDINGS_INTROSPECTION',
      'TIDINGS_GRAPHIQL',
      'TIDINGS_FEED',
      'TIDINGS_LOG_LEVEL',
    ]); // add a test above for a new one
  });
});

test('TIDINGS_ALLOWED_ORIGINS are normalized to the form that browsers send', () => {
  const given =
    'https://Feed.example.com, http://127.0.0.1:3000/,https://b.example:443, HTTPS://*.Bücher.example:443, http://*.localhost:3000,' +
    'capacitor://localhost, chrome-extension://aBcd, tauri://localhost';
  expect(readSettings({ TIDINGS_ALLOWED_ORIGINS: given }).allowedOrigins).toEqual([
    'https://feed.example.com',
    'http://127.0.0.1:3000',
    'https://b.example',
    'https://*.xn--bcher-kva.example',
    'http://*.localhost:3000',
    'capacitor://localhost',
    'chrome-extension://aBcd',
    'tauri://localhost',
  ]);
});

test.each(['postgres://localhost/tidings', 'postgresql://u:p%40ss@[::1]:5433/db?sslmode=require'])('DATABASE_URL can be %s', (url) => {
  expect(readSettings({ DATABASE_URL: url }).databaseUrl).toBe(url);
});

test.each([
  ['pgbouncer=true', 'the parameter "pgbouncer" is not supported. Remove it, and set the address of Postgres itself'],
  ['schema=public', 'the parameter "schema" is not supported. Remove it: Tidings stores its tables in the schema tidings.'],
  ['connection_limit=5', 'the parameter "connection_limit" is not supported. Remove it, and set TIDINGS_POOL_SIZE instead.'],
  ['sslmode=require&channel_binding=require', 'the parameter "channel_binding" is not supported.'],
  ['host=/tmp', 'the parameter "host" is not supported.'],
  ['made_up=secret', 'the parameter "made_up" is not supported. Remove it.'],
  ['password=secret', 'the parameter "password" is not supported.'],
  ['SSLMODE=require', 'the parameter "SSLMODE" is not supported.'],
  ['sslmode=verify-ca', 'the parameter "sslmode": expected one of disable, prefer, require, verify-full, got "verify-ca".'],
  ['sslmode=', 'the parameter "sslmode": expected one of'],
  ['sslmode=require&sslmode=disable', 'expected the parameter "sslmode" once, got it several times.'],
  ['target_session_attrs=any', 'the parameter "target_session_attrs": expected one of primary, read-write, got "any".'],
])('DATABASE_URL with ?%s is rejected in one sentence that names the parameter', (query, problem) => {
  const { code, message } = rejection(() => readSettings({ DATABASE_URL: `postgres://u:secret@host/db?${query}` })) as any;
  expect([code, message.startsWith(`DATABASE_URL: ${problem}`)]).toEqual(['CANNOT_START', true]);
  expect(message).not.toMatch(/secret|\n/);
});

test.each([
  'postgres://a,b/db',
  'postgres://u:p%2C%40@a:5432,[::1]:5433/db?sslmode=require',
  'postgresql://a,b:5/db?target_session_attrs=primary',
])('DATABASE_URL can have several hosts: %s', (url) => {
  expect(readSettings({ DATABASE_URL: url }).databaseUrl).toBe(url);
});

test.each(['postgres://u:secret@a,,b/db', 'postgres://u:secret@a:x,b/db', 'postgres://u:secret@a,b:70000/db', 'postgres://u:secret@a,b'])(
  'DATABASE_URL with a host that is not valid is rejected in one sentence: %s',
  (url) => {
    const { message } = rejection(() => readSettings({ DATABASE_URL: url })) as any;
    expect(message).toMatch(/^DATABASE_URL: expected an address such as postgres:/);
    expect(message).not.toContain('secret');
  },
);

test('each host of DATABASE_URL has its own port', () => {
  expect(driverUrls('postgres://u:a,b@h1:5433,h2,[::1]:1/db?target_session_attrs=primary&sslmode=require')).toEqual([
    'postgres://u:a,b@h1:5433/db?sslmode=require',
    'postgres://u:a,b@h2/db?sslmode=require',
    'postgres://u:a,b@[::1]:1/db?sslmode=require',
  ]);
  expect(maskPassword('postgres://u:a,b@h1:5433,h2/db?sslmode=require')).toBe('postgres://u:****@h1:5433,h2/db?sslmode=require');
  expect(maskPassword('postgres://h/db')).toBe('postgres://h/db');
});

test.each(['sslmode=prefer', 'target_session_attrs=primary', 'application_name=a%20b', 'options=-c%20work_mem%3D8MB'])(
  'DATABASE_URL can have ?%s',
  (query) => {
    const url = `postgres://u:a%2Cb@host/db?${query}`;
    expect(readSettings({ DATABASE_URL: url }).databaseUrl).toBe(url);
  },
);

test('a part of a password behind a question mark is not repeated', () => {
  const rejected = rejection(() => readSettings({ DATABASE_URL: 'postgres://u:5432?secret=x@host/db' }));
  expect(JSON.stringify(rejected)).not.toContain('secret');
});

test('the settings in force have their values and sources, without secrets', () => {
  const secret = 'k'.repeat(22);
  const inForce = settingsInForce({
    PORT: '0',
    HOST: '',
    TIDINGS_KEY: secret,
    TIDINGS_ADMIN_KEY: 'short-secret',
    DATABASE_URL: 'postgres://u:secret@host/db',
    TIDINGS_ALLOWED_ORIGINS: 'https://a.example,https://b.example',
  });
  const byName = Object.fromEntries(inForce.map(({ name, ...each }) => [name, each]));
  expect(byName).toMatchObject({
    PORT: { value: '0', source: 'environment', problem: null },
    HOST: { value: '127.0.0.1', source: 'default', problem: null },
    TIDINGS_KEY: { value: '****', source: 'environment' },
    TIDINGS_ADMIN_KEY: { value: '(invalid)', source: 'environment', problem: expect.stringMatching(/^TIDINGS_ADMIN_KEY: expected/) },
    DATABASE_URL: { value: 'postgres://u:****@host/db', source: 'environment' },
    TIDINGS_ALLOWED_ORIGINS: { value: 'https://a.example,https://b.example' },
    DATA_DIR: { value: './data', source: 'default' },
  });
  expect(inForce).toHaveLength(settings.length);
  expect(JSON.stringify(inForce)).not.toMatch(/kkk|secret/);
});

function sentence(name: string, expected: string, got: string): unknown {
  return { code: 'CANNOT_START', message: `${name}: expected ${expected}, got ${got}. Set a valid value, or unset it.` };
}
