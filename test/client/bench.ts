import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { createTidings } from '../../src/client/tidings-client.ts';
import { startPostgres } from '../support/database/postgres-server.ts';
import { proveOutbox } from './outbox-proof.ts';
import { startProcess } from '../support/process.ts';

// The client package: throughput beside a hand-written batcher, latency, a slow loop, and killed
// emitters. It needs the build (npm run build): npx tsx test/client/bench.ts [--events 100000]
const { values } = parseArgs({ options: { events: { type: 'string', default: '100000' } } });
const events = Number(values.events);

await using database = await startPostgres();
const server = await startProcess({ DATABASE_URL: database.url('postgres') });
const { url } = server;
const folder = mkdtempSync(join(tmpdir(), 'tidings-bench-client-'));
try {
  await measured('emit in a loop', emitInLoop);
  await measured('hand-written batcher', batchByHand);
  console.log(`latency emit to body, 1,000 events: ${await latency()}`);
  await emitForSlowLoops();
  for (const transport of ['sse', 'websocket']) console.log(`slow loop: ${await slowLoop(transport)}`);
  const proof = await proveOutbox({ url, folder, events, emitters: 2, maxLifeMs: 3000 });
  console.log(`outbox: ${JSON.stringify(proof)}`);
} finally {
  server.child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
}

async function measured(name: string, run: () => Promise<number>): Promise<void> {
  const [began, before] = [performance.now(), process.cpuUsage()];
  const count = await run();
  const { user, system } = process.cpuUsage(before);
  const rate = Math.round(count / ((performance.now() - began) / 1000));
  console.log(`${name}: ${rate} events/s, ${((user + system) / count).toFixed(1)} us of processor time an event`);
}

async function emitInLoop(): Promise<number> {
  await using tidings = createTidings(url);
  const count = 40_000;
  for (let number = 0; number < count; number += 1) {
    await tidings.ready();
    void tidings.emit('bench.emitted', { resource: `bench.${number % 100}`, payload: { number } });
  }
  await tidings.flush({ timeoutMs: 60_000 });
  return count;
}

/** Batches of 500 with ids of their own, one after the other, without checks and retries. */
async function batchByHand(): Promise<number> {
  const count = 40_000;
  const query = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input, onError: SKIP_REJECTED) { created duplicates rejected } }';
  for (let from = 0; from < count; from += 500) {
    const input = Array.from({ length: 500 }, (_, index) => ({
      id: crypto.randomUUID(),
      occurred: new Date().toISOString(),
      event: 'bench.batched',
      resource: { id: `bench.${index % 100}` },
      payload: { number: from + index },
    }));
    const body = JSON.stringify({ query, variables: { input } });
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { data } = (await response.json()) as any;
    if (data.emitEvents.created !== 500) throw new Error('a batch was not stored');
  }
  return count;
}

async function latency(): Promise<string> {
  await using tidings = createTidings(url);
  const stream = tidings.events({ event: { in: ['bench.latency'] } });
  await stream.listening;
  const times: number[] = [];
  let emitted = 0;
  const emit = (): void => {
    emitted = performance.now();
    void tidings.emit('bench.latency', { resource: 'r' });
  };
  emit();
  for await (const _ of stream) {
    times.push(performance.now() - emitted);
    if (times.length === 1000) break;
    await new Promise((resolve) => setTimeout(resolve, 2));
    emit();
  }
  times.sort((a, b) => a - b);
  return `p50 ${times[500]!.toFixed(1)} ms, p99 ${times[990]!.toFixed(1)} ms`;
}

async function emitForSlowLoops(): Promise<void> {
  await using tidings = createTidings(url);
  const text = 'x'.repeat(500);
  function* inputs() {
    for (let n = 0; n < events; n += 1) yield { event: 'bench.slow', resource: 'r', payload: { n, text } };
  }
  await tidings.emitAll(inputs());
}

/** In a process of its own, whose memory is that of the loop. */
async function slowLoop(transport: string): Promise<string> {
  const program = join(import.meta.dirname, 'slow-loop.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, url, transport, String(events)]);
  return stdout.trim();
}
