import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createClient } from 'graphql-ws';
import postgres from 'postgres';
import { WebSocket } from 'ws';
import { readSettings } from '../../src/config.ts';
import { openStore } from '../../src/store/open.ts';
import { startPostgres, type PostgresServer } from '../support/postgres-server.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { emitted, processorSeconds } from './load.ts';
import { sampleInputs } from './sample.ts';

// Durable events a second over GraphQL, by batch and clients, on Postgres and embedded, beside a plain server with Yoga and
// drizzle that inserts per mutation, and beside COPY of the same events into the same tables:
//   npm run build && npx tsx test/bench/ingest.ts [seconds a case, 3] [postgres | embedded]
// Every case has a new database. "µs" is the server's own processor time for an event: of its process, which on Postgres
// is without the database. Clients run beside it on the same machine.
const seconds = Number(process.argv[2] ?? 3);
const kinds = process.argv[3] === undefined ? (['postgres', 'embedded'] as const) : [process.argv[3]];
const batches = [1, 100, 1000] as const;
const clientCounts = [1, 8, 64] as const;
const subscriptions = 10;
const copied = 20_000;
const next = sampleInputs();
let databases = 0;

for (const kind of kinds) {
  await using server = kind === 'postgres' ? await startPostgres() : null;
  console.log(`\n${server?.version ?? 'embedded'}: events/s (µs of the server an event)`);
  console.log(['batch x clients', 'Tidings', `${subscriptions} subscriptions`, 'plain server'].map(cell).join(''));
  for (const batch of batches) {
    for (const clients of clientCounts) {
      const load = { batch, clients };
      const cells = [await measured(server, load, 0), await measured(server, load, subscriptions), await measured(server, load, 'plain')];
      console.log([`${batch} x ${clients}`, ...cells].map(cell).join(''));
    }
  }
  console.log(`COPY, ${copied} events in one transaction: ${await copyRate(server)}`);
}

/** A case in a new database: `who` listens, or the plain server instead. */
async function measured(server: PostgresServer | null, load: { batch: number; clients: number }, who: number | 'plain'): Promise<string> {
  await using home = await newHome(server);
  const { url, child } = who === 'plain' ? await startPlain(home.environment) : await startProcess(home.environment);
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
  for (let n = 0; n < (who === 'plain' ? 0 : who); n += 1) {
    client.subscribe(
      { query: 'subscription { events { id cursor } }' },
      { next: () => undefined, error: console.error, complete: () => undefined },
    );
  }
  await emitted({ url, ...load, seconds: 1, next });
  const before = processorSeconds(child.pid!);
  const began = performance.now();
  const rate = await emitted({ url, ...load, seconds, next });
  const events = (rate * (performance.now() - began)) / 1000;
  const used = (processorSeconds(child.pid!) - before) / events;
  await client.dispose();
  await end(child);
  return `${Math.round(rate)} (${Math.round(used * 1e6)})`;
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

async function startPlain(environment: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const file = new URL('plain-server.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...environment },
  });
  child.stderr.pipe(process.stderr);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: /http:\/\/[^/]+/.exec(line.toString())![0], child };
}

/** Stores events, and copies them, as text, into the tables of a new database. */
async function copyRate(server: PostgresServer | null): Promise<string> {
  await using from = await newHome(server);
  await using to = await newHome(server);
  const columns = {
    events: 'position, received, occurred, id, event, resource_id, resource_labels, related, payload, follows',
    event_ids: 'key, position',
  };
  const { url, child } = await startProcess(from.environment);
  for (let sent = 0; sent < copied;) sent += (await emitted({ url, batch: 1000, clients: 1, seconds: 0.001, next })) > 0 ? 1000 : 0;
  await end(child);
  const texts = new Map<string, Buffer>();
  {
    await using source = await openStore(readSettings(from.environment));
    for (const [table, names] of Object.entries(columns)) {
      const chunks: Buffer[] = [];
      for await (const chunk of await source.database.client.unsafe(`copy (select ${names} from tidings.${table}) to stdout`).readable())
        chunks.push(chunk as Buffer);
      texts.set(table, Buffer.concat(chunks));
    }
  }
  await using target = await openStore(readSettings(to.environment));
  const began = performance.now();
  await target.database.client.begin(async (transaction) => {
    for (const [table, names] of Object.entries(columns)) {
      await pipeline([texts.get(table)!], await transaction.unsafe(`copy tidings.${table} (${names}) from stdin`).writable());
    }
  });
  return `${Math.round((copied / (performance.now() - began)) * 1000)} events/s`;
}

async function newHome(
  server: PostgresServer | null,
): Promise<{ readonly environment: Readonly<Record<string, string>> } & AsyncDisposable> {
  if (server === null) {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-bench-'));
    return { environment: { DATA_DIR: folder }, [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }) };
  }
  databases += 1;
  const name = `bench_${databases}`;
  const admin = postgres(server.url('postgres'), { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}`);
  return {
    environment: { DATABASE_URL: server.url(name) },
    async [Symbol.asyncDispose]() {
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}

function cell(text: string): string {
  return text.padEnd(20);
}
