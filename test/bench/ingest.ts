import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import postgres from 'postgres';
import { WebSocket } from 'ws';
import { startPostgres, type PostgresServer } from '../support/database/postgres-server.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { copied } from './load/copy.ts';
import { sampleEvents } from './load/sample.ts';
import { emitted, processorSeconds } from './load.ts';
import { sampleInputs } from './load/sample-inputs.ts';

// Measures durable events per second over GraphQL by batch size and clients, on Postgres and
// embedded. Compares with a plain server (Yoga and drizzle, one insert per mutation), and with COPY
// of events of the sample into the same tables and indexes:
//   npm run bench ingest
//   npm run build && npx tsx test/bench/ingest.ts [seconds per case, 3]
//     [postgres | embedded] [case, such as 100x8]
// Every case has a new database. "µs" is the processor time of the server's process per event; on
// Postgres that excludes the database. Clients run on the same machine.
const seconds = Number(process.argv[2] ?? 3);
const kinds = process.argv[3] === undefined ? (['postgres', 'embedded'] as const) : [process.argv[3]];
const only = process.argv[4] ?? null;
const batches = [1, 100, 1000] as const;
const clientCounts = [1, 8, 64] as const;
const subscriptions = 10;
const next = sampleInputs();
let databases = 0;

for (const kind of kinds) {
  await using server = kind === 'postgres' ? await startPostgres() : null;
  console.log(`\n${server?.version ?? 'embedded'}: events/s (µs of the server per event)`);
  if (server !== null) console.log(`COPY ${Math.round(await copied(server, sampleEvents(20_000, 'copied')))}`);
  console.log(['batch x clients', 'Tidings', `${subscriptions} subscriptions`, 'plain server'].map(cell).join(''));
  for (const batch of batches) {
    for (const clients of clientCounts) {
      if (only !== null && only !== `${batch}x${clients}`) continue;
      const load = { batch, clients };
      const cells = [await measured(server, load, 0), await measured(server, load, subscriptions), await measured(server, load, 'plain')];
      console.log([`${batch}x${clients}`, ...cells].map(cell).join(''));
    }
  }
}

/** A case in a new database, with so many subscribers, or on the plain server. */
async function measured(
  server: PostgresServer | null,
  load: { batch: number; clients: number },
  subscribers: number | 'plain',
): Promise<string> {
  await using benchDatabase = await newDatabase(server);
  const { url, child } =
    subscribers === 'plain' ? await startPlain(benchDatabase.environment) : await startProcess(benchDatabase.environment);
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
  for (let n = 0; n < (subscribers === 'plain' ? 0 : subscribers); n += 1) {
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
  const file = new URL('rivals/plain-server.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...environment },
  });
  child.stderr.pipe(process.stderr);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: /http:\/\/[^/]+/.exec(line.toString())![0], child };
}

async function newDatabase(
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
