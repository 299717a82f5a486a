import { Writable } from 'node:stream';
import pino from 'pino';
import postgres from 'postgres';
import { expect, test, vi } from 'vitest';
import { readSettings } from '../../src/settings.ts';
import { startTidings } from '../../src/main.ts';
import { adminKey, bearer } from '../support/keys.ts';
import { newDatabase } from '../support/test-server.ts';

test.each(['development', 'production', 'test'])(
  'unexpected errors are masked for callers, and logged in full with the request, when NODE_ENV is %s',
  async (NODE_ENV) => {
    vi.stubEnv('NODE_ENV', NODE_ENV);
    await using testDatabase = await newDatabase();
    const lines: string[] = [];
    const stream = new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) });
    const settings = readSettings({ ...testDatabase.environment, PORT: '0', TIDINGS_ADMIN_KEY: adminKey });
    await using tidings = await startTidings(settings, pino({ level: 'info' }, stream));
    const database = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1, onnotice: () => undefined });
    await database`alter table tidings.resources rename column id to secret_name`;
    await database.end();

    const query = '{ resources { nodes { id } } }';
    const masked = { message: 'Internal server error; the server has logged its cause.', extensions: { code: 'INTERNAL_SERVER_ERROR' } };
    const response = await fetch(`${tidings.url}/graphql?token=in-the-url`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}`, 'x-request-id': 'from-the-proxy' },
      body: JSON.stringify({ query }),
    });
    const { errors } = (await response.json()) as { errors: readonly object[] };
    expect(errors).toEqual([{ ...masked, path: ['resources'], locations: [{ line: 1, column: 3 }] }]);
    expect(response.headers.get('x-request-id')).toBe('from-the-proxy');

    const client = bearer(tidings.url, adminKey).socket();
    const over = (await client.iterate<any>({ query }).next()).value;
    expect(over.errors).toEqual(errors);
    await client.dispose();

    await vi.waitFor(() => expect(lines.join('')).toContain('"request"'), 20_000);
    const logged = lines.map((line) => JSON.parse(line) as Record<string, any>);
    const bugs = logged.filter(({ msg }) => msg === 'unexpected error');
    expect(bugs).toHaveLength(2);
    expect(bugs[0]).toMatchObject({ requestId: 'from-the-proxy', err: { code: '42703' } });
    expect(bugs[1]?.['requestId']).toMatch(/^[0-9a-f-]{36}$/);
    const request = logged.find(({ msg }) => msg === 'request');
    expect(request).toMatchObject({ requestId: 'from-the-proxy', method: 'POST', path: '/graphql', address: '127.0.0.1', status: 200 });
    expect(lines.join('')).not.toMatch(new RegExp(`${adminKey}|in-the-url`));
    vi.unstubAllEnvs();
  },
);
