import { once } from 'node:events';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import pino from 'pino';
import { expect, test } from 'vitest';
import { createTidings, GapError, type StoredEvent } from '../../../src/client/tidings-client.ts';
import { parseCursor } from '../../../src/event/cursor.ts';
import { startTidings, type Tidings } from '../../../src/main.ts';
import { readSettings } from '../../../src/settings.ts';
import { startFlakyProxy } from '../../support/database/flaky-proxy.ts';
import { query, startPostgresCluster } from '../../support/database/postgres-cluster.ts';
import type { PostgresServer } from '../../support/database/postgres-server.ts';
import { openLiveClient, type LiveClient } from '../../support/live-client.ts';
import { startProcess } from '../../support/process.ts';
import { post } from '../../support/test-server.ts';
import { startEmitting, startFollowing, type FollowingProgram } from './client-programs.ts';

const pollOptions = { timeout: 20_000, interval: 20 };

test('after a failover that lost events, running servers begin one new epoch, and subscribers miss nothing silently', async () => {
  await using cluster = await startPostgresCluster();
  const { primary, standby } = cluster;
  await using proxy = await startFlakyProxy(primary.url('postgres'));
  await using stack = new AsyncDisposableStack();
  // One server whose address comes to lead to the other primary, and two processes with both addresses.
  const both = `postgres://tidings@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres`;
  const { child, url: workers } = await startProcess({ DATABASE_URL: both, TIDINGS_WORKERS: '2', TIDINGS_LOG_LEVEL: 'silent' });
  stack.defer(async () => void (child.kill('SIGTERM') && (await once(child, 'exit'))));
  const first = stack.use(await startSilently(`postgres://tidings@127.0.0.1:${proxy.port}/postgres`)).url;
  const servers = [first, workers];

  await emit(first, 'kept', 100);
  await cluster.catchUp();
  await cluster.disconnect();
  const kept = await head(first);
  const clients = await Promise.all(servers.map(async (url) => stack.use(await openLiveClient(url, kept))));
  await emit(first, 'lost', 200);
  for (const client of clients) await expect.poll(() => counted(client), pollOptions).toEqual([200, 200, 200, 300]);
  const lost = await head(first);
  const writer = startWriter(first);
  const emitter = startEmitting(first, 'emitted');
  const programs = servers.flatMap((url) => startFollowing(url, kept).map((program) => stack.use(program)));
  for (const { received } of programs) await expect.poll(() => received.length, pollOptions).toBeGreaterThan(220);
  await expect.poll(() => writer.acknowledged.length, pollOptions).toBeGreaterThan(20);

  // The proxy's server does not notice that its connections are dead.
  proxy.freeze();
  await primary.kill();
  await cluster.promote();
  proxy.routeTo(standby.url('postgres'));
  for (const client of clients) {
    expect(await client.disconnected).toEqual({ code: 1012, sse: 'cut' });
    expect(client.ends).toEqual([]);
  }
  const written = writer.acknowledged.length;
  await expect.poll(() => writer.acknowledged.length, pollOptions).toBeGreaterThan(written + 20);
  await expect.poll(() => emitter.results.some(({ cursor }) => epochOf(cursor!) !== epochOf(lost)), pollOptions).toBe(true);
  await writer.stop();
  await emitter.stop();
  await emit(first, 'new', 50);

  const epochs = await query(
    standby,
    'select array_agg(epoch order by since) as epochs, max(starts_after) as head from tidings.log_epochs',
  );
  expect(epochs.epochs).toHaveLength(2);
  const stored = await ids(first, kept);
  expect(stored.filter((id) => id.startsWith('new'))).toHaveLength(50);
  expect(stored.filter((id) => id.startsWith('lost'))).toEqual([]);
  // What was acknowledged in the new epoch is there.
  const confirmed = writer.acknowledged.filter(({ cursor }) => epochOf(cursor) === epochs.epochs[1]);
  expect(confirmed.length).toBeGreaterThan(20);
  expect(confirmed.map(({ id }) => id).filter((id) => !stored.includes(id))).toEqual([]);
  checkEmitter(emitter.results, stored, epochs.epochs[1]);
  for (const { received } of programs) await checkProgram(received, { lost, stored });

  for (const url of servers) {
    // A worker that started only after the failover has seen one epoch.
    await expect.poll(() => metric(url, 'tidings_log_epochs_total'), pollOptions).toBeGreaterThan(0);
    await expect.poll(() => epochsOf(url), pollOptions).toEqual([epochs.epochs[1]]);
    expect(await metric(url, 'tidings_unexpected_errors_total')).toBe(0);
    const resumed = stack.use(await openLiveClient(url, kept));
    await expect.poll(() => idsIn(resumed), pollOptions).toEqual({ events: stored, stream: stored, streamed: stored });
    await expect.poll(() => resumed.counts[0], pollOptions).toEqual({ kind: 'SNAPSHOT', total: 100 + stored.length });
    // By the cursor of a lost event: an error, or a gap and every event after it.
    const { events, stream } = await resumeBy(url, lost, stored.length);
    expect(events[0].extensions.code).toBe('CURSOR_EXPIRED');
    expect(stream[0]).toEqual({ __typename: 'Gap', reason: 'LOG_REPLACED' });
    expect(stream.flatMap((message) => (message.events ?? []).map(({ id }: any) => id))).toEqual(stored);
    await using tidings = createTidings(url);
    await expect(tidings.page({ after: lost, order: 'LOG' })).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
  }
  expect(child.exitCode).toBeNull();
}, 120_000);

test('a server that starts before the first checkpoint after a promotion begins a new epoch, and none starts on a standby', async () => {
  await using cluster = await startPostgresCluster();
  const { primary, standby } = cluster;
  const epochAt = async (server: PostgresServer): Promise<string> => {
    await using tidings = await startSilently(server.url('postgres'));
    return epochOf(await head(tidings.url));
  };
  const before = await epochAt(primary);
  // The checkpoint writes these pages slowly.
  await query(primary, 'create table pages as select n, repeat(n::text, 500) from generate_series(1, 3000) as n');
  await cluster.catchUp();
  await expect(query(standby, 'select tidings.log_head()')).rejects.toMatchObject({ code: '25006' });
  await expect(epochAt(standby)).rejects.toMatchObject({ code: 'CANNOT_START', message: expect.stringMatching('read-only') });
  await primary.kill();
  await cluster.promote();
  const promoted = await epochAt(standby);
  expect(promoted).not.toBe(before);
  expect(await epochAt(standby)).toBe(promoted);
  // By the timeline in pg_control, it would have been the same server until now.
  expect(await query(standby, 'select timeline_id from pg_control_checkpoint()')).toEqual({ timeline_id: 1 });
  expect(await query(standby, `select left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) as timeline`)).toEqual({
    timeline: '00000002',
  });
});

/** Events that the client package has emitted are stored once, in the order of emission. */
function checkEmitter(results: readonly StoredEvent[], stored: readonly string[], epoch: string): void {
  const ids = stored.filter((id) => id.startsWith('emitted'));
  const numbers = ids.map((id) => Number(id.split('-')[1]));
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  const confirmed = results.filter(({ cursor }) => epochOf(cursor!) === epoch);
  expect(confirmed.length).toBeGreaterThan(0);
  expect(confirmed.map(({ id }) => id).filter((id) => !ids.includes(id))).toEqual([]);
}

/** A loop sees one gap, after events that the failover lost, and behind it every event of the new log once. */
async function checkProgram(
  received: FollowingProgram['received'],
  { lost, stored }: { readonly lost: string; readonly stored: readonly string[] },
): Promise<void> {
  const gapAt = (): number => received.findIndex((each) => each instanceof GapError);
  const idsAfter = (): readonly string[] => received.slice(gapAt() + 1).map((each) => ('id' in each ? each.id : each.reason));
  await expect.poll(idsAfter, pollOptions).toEqual(stored);
  expect(received[gapAt()]).toMatchObject({ code: 'GAP', reason: 'LOG_REPLACED' });
  const before = received.slice(0, gapAt()).map((each) => ('cursor' in each ? epochOf(each.cursor) : each.reason));
  expect(before.length).toBeGreaterThan(200);
  expect(new Set(before)).toEqual(new Set([epochOf(lost)]));
}

function startSilently(url: string): Promise<Tidings> {
  return startTidings(readSettings({ DATABASE_URL: url, PORT: '0' }), pino({ level: 'silent' }));
}

/** Writes events one by one, as long as it is not stopped; repeats one that failed. */
function startWriter(url: string) {
  const acknowledged: { id: string; cursor: string }[] = [];
  let stopped = false;
  const run = async (): Promise<void> => {
    for (let count = 0; !stopped; count += 1) {
      const id = `written-${count}`;
      for (let cursor: string | undefined; cursor === undefined && !stopped;) {
        cursor = (await post(url, emitOne, { id }).catch(() => null))?.data?.emitEvent.event.cursor;
        if (cursor === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
        else acknowledged.push({ id, cursor });
      }
    }
  };
  const running = run();
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

async function emit(url: string, name: string, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}`, event: 'e', resource: { id: 'r' } }));
  const { errors } = await post(url, 'mutation ($events: [EventInput!]!) { emitEvents(input: $events) { head } }', { events });
  expect(errors).toBeUndefined();
}

const emitOne = 'mutation ($id: ID!) { emitEvent(input: { id: $id, event: "e", resource: { id: "r" } }) { event { cursor } } }';

async function head(url: string): Promise<string> {
  return (await post(url, '{ head }')).data.head;
}

/** The ids of the events after a cursor. Every cursor of the response belongs to one epoch. */
async function ids(url: string, after: string): Promise<string[]> {
  const page =
    'query ($after: Cursor) { events(after: $after, first: 1000, order: LOG) { nodes { id cursor } head pageInfo { endCursor } } }';
  const { nodes, head: end, pageInfo } = (await post(url, page, { after })).data.events;
  expect(new Set([end, pageInfo.endCursor, ...nodes.map(({ cursor }: any) => cursor)].map(epochOf)).size).toBe(1);
  return nodes.map(({ id }: any) => id);
}

function epochOf(cursor: string): string {
  return parseCursor(cursor, 'LOG', []).epoch;
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
}

function idsIn({ events, stream, streamed }: LiveClient) {
  return {
    events: events.map(({ id }) => id),
    stream: stream.flatMap((message) => (message.events ?? []).map(({ id }: any) => id)),
    streamed: streamed.map(({ id }) => id),
  };
}

function counted(client: LiveClient): readonly number[] {
  const { events, stream, streamed } = idsIn(client);
  return [events.length, stream.length, streamed.length, client.counts.reduce((sum, { total }) => sum + total, 0)];
}

async function resumeBy(url: string, cursor: string, count: number): Promise<LiveClient> {
  const client = await openLiveClient(url, cursor);
  await expect.poll(() => idsIn(client).stream.length, pollOptions).toBe(count);
  client[Symbol.dispose]();
  return client;
}

/** The epochs that the processes behind an address are in: workers take connections in turn. */
async function epochsOf(url: string): Promise<readonly string[]> {
  const heads = await Promise.all(Array.from({ length: 8 }, () => head(url)));
  return Array.from(new Set(heads.map(epochOf)));
}
