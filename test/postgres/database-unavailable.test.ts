import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import postgres from 'postgres';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/settings.ts';
import { retentionRules, startRetention } from '../../src/maintenance/retention.ts';
import type { Tail } from '../../src/log/tail.ts';
import { openStore } from '../../src/store/open-store.ts';
import { databaseClock } from '../../src/store/database/clock.ts';
import { readPartitions } from '../../src/store/retention/partitions.ts';
import { createLogStartReader } from '../../src/store/log/log-start.ts';
import { runQuery } from '../oracle/query.ts';
import { openEventStreamWire } from '../oracle/wires/event-stream-wire.ts';
import { openWire, type Ending } from '../oracle/wires/wire.ts';
import { emit, startEndurance } from '../support/endurance.ts';
import { adminKey } from '../support/keys.ts';
import { startProcess } from '../support/process.ts';
import { startPostgres, type PostgresServer } from '../support/database/postgres-server.ts';

const pollOptions = { timeout: 20_000, interval: 50 };

/** The ways in which the database becomes unreachable. */
const outages: Readonly<Record<string, (server: PostgresServer) => Promise<void>>> = {
  'stopped and starts again': (server) => server.stop('fast'),
  'stopped at once, without a checkpoint, and starts again': (server) => server.stop('immediate'),
  'killed and starts again': (server) => server.kill(),
};

describe('when the database is', () => {
  test.each(Object.entries(outages))('%s, the server stays up, reports it, and continues where it was', async (_, outage) => {
    await using server = await startPostgres();
    await using endurance = await startEndurance({ DATABASE_URL: server.url('postgres') });
    const { url, codes } = endurance;
    await expect.poll(() => endurance.acknowledged(), pollOptions).toBeGreaterThan(500);
    expect(await endurance.readiness()).toBe(200);
    expect([...codes]).toEqual([]);

    await outage(server);
    await expect.poll(() => endurance.readiness(), pollOptions).toBe(503);
    const unavailable = { status: 503, errors: [{ extensions: { code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) } }] };
    expect(await emit(url, ['away'])).toMatchObject(unavailable);
    expect(await (await fetch(`${url}/livez`)).text()).toBe('live\n');

    await server.restart();
    await expect.poll(() => endurance.readiness(), pollOptions).toBe(200);
    const [acknowledged, indexedTo] = [endurance.acknowledged(), await endurance.metric('tidings_index_position')];
    await expect.poll(() => endurance.acknowledged(), pollOptions).toBeGreaterThan(acknowledged + 2000);
    await expect.poll(() => endurance.metric('tidings_index_position'), pollOptions).toBeGreaterThan(indexedTo);
    await expect.poll(() => listens(server), pollOptions).toBe(true);
    await endurance.verify();
    expect([...codes]).toEqual(['UNAVAILABLE']);
    expect(await endurance.metric('tidings_unexpected_errors_total')).toBe(0);
    // The same server on the same timeline continues the epoch.
    expect(await endurance.metric('tidings_log_epochs_total')).toBe(0);
  });
});

test('partitions are maintained again once the database is back', async () => {
  await using server = await startPostgres();
  await using store = await openStore(readSettings({ DATABASE_URL: server.url('postgres') }));
  const { database } = store;
  const warned: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => void warned.push(line) });
  const parts = { database, logStart: createLogStartReader(database), tail: { prune: () => undefined } as unknown as Tail, logger };
  await using _ = startRetention(parts, { ...retentionRules(1), partitionsAhead: 40, checkIntervalMs: 20 });
  await server.stop('fast');
  await expect.poll(() => warned.length, pollOptions).toBe(1);
  await server.restart();
  const ahead = async (): Promise<number> =>
    (await readPartitions(database, databaseClock(database))).filter(({ opened }) => opened === null).length;
  await expect.poll(() => ahead().catch(() => 0), pollOptions).toBe(40);
  expect(warned).toHaveLength(1);
});

describe('a subscription whose messages need the database waits while it is away, and misses nothing', () => {
  test.each([
    ['over WebSocket', openWire],
    ['as an event stream', openEventStreamWire],
  ] as const)('%s', async (_, open) => {
    await using server = await startPostgres();
    await using stack = new AsyncDisposableStack();
    const { url, child } = await startProcess({
      DATABASE_URL: server.url('postgres'),
      TIDINGS_ADMIN_KEY: adminKey,
      TIDINGS_LOG_LEVEL: 'silent',
    });
    stack.defer(() => void child.kill('SIGKILL'));
    const { head } = await runQuery(url, '{ head }');
    const ids = Array.from({ length: 400 }, (_, n) => `e${n}`);
    // More than the buffers of a connection hold, so that most messages are executed after the outage began.
    const payload = { filler: 'x'.repeat(60_000) };
    const input = ids.map((id, n) => ({ id, event: 'e', resource: { id: 'r' }, payload, ...(n > 0 && { follows: `e${n - 1}` }) }));
    for (const half of [input.slice(0, 200), input.slice(200)])
      await runQuery(url, 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input: half });
    const received: { id: string; follows: { id: string } | null; followers: { nodes: { id: string }[] } }[] = [];
    const query = `subscription ($after: Cursor) {
      events(after: $after) { id payload follows { id } followers(first: 1) { nodes { id } } } }`;
    const wire = open(url, { query, variables: { after: head } }, ({ events }) => {
      if (received.push(events) === 1) wire.pause();
    });
    await expect.poll(() => received.length, pollOptions).toBeGreaterThan(0);
    await server.kill();
    wire.resume();
    await expect.poll(() => fetch(`${url}/readyz`).then(({ status }) => status), pollOptions).toBe(503);
    expect(received.length).toBeLessThan(ids.length);
    await server.restart();
    let ending: Ending | null = null;
    void wire.ended.then((how) => (ending = how));
    await expect.poll(() => ending ?? received.length, pollOptions).toBe(ids.length);
    const expected = ids.map((id, n) => ({
      id,
      follows: n === 0 ? null : { id: ids[n - 1] },
      followers: { nodes: n === ids.length - 1 ? [] : [{ id: ids[n + 1] }] },
    }));
    expect(received.map(({ id, follows, followers }) => ({ id, follows, followers }))).toEqual(expected);
    wire.drop();
  });
});

/** Whether the server has a connection that listens for notifications. */
async function listens(server: PostgresServer): Promise<boolean> {
  const client = postgres(server.url('postgres'), { max: 1 });
  const rows = await client`select from pg_stat_activity where query = 'listen "tidings_log"'`;
  await client.end();
  return rows.length > 0;
}
