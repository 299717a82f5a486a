import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { formatCursor, origin } from '../../../src/event/cursor.ts';
import { startTidings, type Tidings } from '../../../src/main.ts';
import { readSettings } from '../../../src/settings.ts';
import { startDatabaseProxy, type DatabaseProxy } from '../../support/database/database-proxy.ts';
import {
  javascriptClients,
  pythonClient,
  type ClientOptions,
  type ExampleClient,
  type StartClient,
} from '../../support/example-clients.ts';
import { allFaults, surviveFault } from '../../support/fault-injection.ts';
import { adminKey, bearer, makeKey, revocation, type Bearer } from '../../support/keys.ts';
import { pythonWith } from '../../support/protocols/python.ts';
import { newDatabase } from '../../support/test-server.ts';

// The clients for JavaScript, and that for Python where it is available.
const python = pythonWith('gql[websockets]==4.4.0');
const starters = (): readonly StartClient[] =>
  python.isAvailable() ? [...javascriptClients, pythonClient(python.program('python3'))] : javascriptClients;

test('the example client for Python is among them', (context) => {
  python.requirePython(context);
  expect(starters()).toHaveLength(5);
});

test.each(allFaults)('the example clients print every event once, in order, when %s', (fault) => surviveFault(fault, starters()), 120_000);

describe('the example clients', () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'tidings-clients-'));
  let proxy: DatabaseProxy;
  let tidings: Tidings;
  let admin: Bearer;

  beforeAll(async () => {
    const { environment } = stack.use(await newDatabase());
    proxy = stack.use(await startDatabaseProxy(environment['DATABASE_URL']!));
    const settings = { DATABASE_URL: proxy.url, PORT: '0', TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_FILTER_LIST: '3' };
    tidings = stack.use(await startTidings(readSettings({ ...settings, TIDINGS_LOG_LEVEL: 'silent' })));
    admin = bearer(tidings.url, adminKey);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await stack.disposeAsync();
  });

  const head = async (): Promise<string> => (await admin.data('{ head }')).head;
  const emit = (event: string, payload = {}): Promise<unknown> =>
    admin.data('mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', {
      input: { id: event, event, resource: { id: 'r' }, payload },
    });
  function fileWith(name: string, key: string): string {
    writeFileSync(join(folder, name), key);
    return join(folder, name);
  }
  function startAll(clients: AsyncDisposableStack, options: Omit<ClientOptions, 'port'>): readonly ExampleClient[] {
    return starters().map((start) => clients.use(start({ port: Number(new URL(tidings.url).port), ...options })));
  }
  async function untilAll(clients: readonly ExampleClient[], get: (client: ExampleClient) => unknown, expected: unknown): Promise<void> {
    for (const client of clients)
      await vi.waitFor(() => expect(get(client), client.name).toEqual(expected), { timeout: 30_000, interval: 20 });
  }
  async function expectRejection(options: Pick<ClientOptions, 'cursor' | 'argument'>, reported: string): Promise<void> {
    await using running = new AsyncDisposableStack();
    const clients = startAll(running, { ...options, keyFile: fileWith('admin', adminKey) });
    await untilAll(clients, ({ hasEnded }) => hasEnded(), true);
    for (const { name, complaints } of clients) expect(complaints(), name).toContain(reported);
    for (const { name, printed } of clients) expect(printed(), name).toEqual([]);
  }

  test.concurrent('report an expired cursor and end', () =>
    expectRejection({ cursor: formatCursor({ epoch: '0123456789ab', position: origin }) }, 'the cursor belongs to another log'));

  test.concurrent('report an exceeded limit and end', async () => {
    const argument = String.raw`filter: { event: { in: [\"a\", \"b\", \"c\", \"d\"] } }`;
    await expectRejection({ cursor: await head(), argument }, 'expected at most 3');
  });

  test.concurrent('print every event once, also one of 1.4 MB, while their key is replaced, and end with the last key', async () => {
    await using running = new AsyncDisposableStack();
    const first = await makeKey(tidings.url, { permissions: ['READ'] });
    const second = await makeKey(tidings.url, { permissions: ['READ'] });
    const clients = startAll(running, { cursor: await head(), keyFile: fileWith('key', first.secret) });
    const names = ['first', 'large', 'second'];
    // Without the events about keys.
    const printed = (client: ExampleClient): readonly string[] => client.printed().filter((name) => names.includes(name));
    await emit('first');
    await emit('large', { text: 'x'.repeat(1_400_000) });
    await untilAll(clients, printed, ['first', 'large']);

    fileWith('key', second.secret);
    await admin.data(revocation, { id: first.id });
    await untilAll(clients, ({ complaints }) => /4403|reconnecting/.test(complaints()), true);
    await emit('second');
    await untilAll(clients, printed, names);

    await admin.data(revocation, { id: second.id });
    await untilAll(clients, ({ hasEnded }) => hasEnded(), true);
    for (const { name, complaints } of clients) expect(complaints(), name).toMatch(/4401|UNAUTHENTICATED/);
    for (const client of clients) expect(printed(client), client.name).toEqual(names);
  });

  test('that connect while the database is unreachable print the events afterwards', async () => {
    await using running = new AsyncDisposableStack();
    const cursor = await head();
    await emit('before');
    proxy.route('nowhere');
    await expect.poll(async () => (await admin.execute('{ head }')).status, { timeout: 20_000 }).toBe(503);
    const clients = startAll(running, { cursor, keyFile: fileWith('admin', adminKey) });
    await untilAll(clients, ({ complaints }) => /repeating|reconnecting/.test(complaints()), true);
    proxy.route('to the server');
    await untilAll(clients, ({ printed }) => printed(), ['before']);
    await emit('after');
    await untilAll(clients, ({ printed }) => printed(), ['before', 'after']);
  });
});
