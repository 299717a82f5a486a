import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
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
  console.log(`slow loop: ${await slowLoop()}`);
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

async function slowLoop(): Promise<string> {
  await using tidings = createTidings(url);
  const filter = { event: { in: ['bench.slow'] } };
  const text = 'x'.repeat(500);
  await tidings.emitAll(Array.from({ length: events }, (_, n) => ({ event: 'bench.slow', resource: 'r', payload: { n, text } })));
  const base = process.memoryUsage().rss;
  let [seen, peak] = [0, 0];
  for await (const { payload } of tidings.events(filter, { after: 'beginning' })) {
    if (payload['n'] !== seen) throw new Error(`expected event ${seen}, got ${String(payload['n'])}`);
    if (seen < 1000) await new Promise((resolve) => setTimeout(resolve, 10)); // 10 s in which everything else waits
    if (seen % 100 === 0) peak = Math.max(peak, process.memoryUsage().rss);
    if ((seen += 1) === events) break;
  }
  return `${seen} events in order; memory grew by at most ${((peak - base) / 1e6).toFixed(0)} MB`;
}
