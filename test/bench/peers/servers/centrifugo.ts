import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { freePort } from '../../../support/free-port.ts';
import { processorSeconds } from '../../load.ts';
import type { BenchEvent } from '../../load/emitting.ts';
import { openLeanPoster } from '../../load/lean-post.ts';
import { openLeanSocket, type Dialect } from '../../load/lean-socket.ts';
import { installed } from '../installing.ts';
import { inParts, topics } from './subscribing.ts';
import { eachNumber, startMeasuredPostgres, startProgram, thingOf, type Emitter, type Peer } from './peer.ts';

/**
 * Centrifugo with its Postgres broker, which stores an event before it is acknowledged, and wakes the
 * delivery by NOTIFY. An event belongs to one channel: that of its thing, or `events`.
 */
export async function startCentrifugo(): Promise<Peer | null> {
  const program = await installed('centrifugo-6.9.1', async (folder) => {
    await promisify(execFile)('go', ['install', 'github.com/centrifugal/centrifugo/v6@v6.9.1'], { env: { ...process.env, GOBIN: folder } });
  });
  if (program === null) return null;
  await using starting = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'tidings-centrifugo-'));
  starting.defer(() => rmSync(folder, { recursive: true, force: true }));
  const database = starting.use(await startMeasuredPostgres());
  const port = await freePort();
  const config = join(folder, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      http_server: { address: '127.0.0.1', port },
      http_api: { insecure: true },
      client: { insecure: true, channel_limit: 1000, history_max_publication_limit: 1000, ping_interval: '10m' }, // subscribers do not answer
      channel: { without_namespace: { history_size: 1_000_000, history_ttl: '1h' } },
      broker: { enabled: true, type: 'postgres', postgres: { dsn: `${database.url('postgres')}?sslmode=disable`, use_notify: true } },
    }),
  );
  const server = starting.use(await startProgram([join(program, 'centrifugo'), '-c', config], port));
  const url = `http://127.0.0.1:${port}`;

  const openEmitter = async (): Promise<Emitter> => {
    const [single, batch] = await Promise.all([openLeanPoster(`${url}/api/publish`), openLeanPoster(`${url}/api/batch`)]);
    const publish = async (events: readonly BenchEvent[]): Promise<void> => {
      const published = events.map((event) => ({ channel: thingOf(event) ?? 'events', data: event, idempotency_key: event.id }));
      const answer = await (published.length === 1
        ? single.post(JSON.stringify(published[0]))
        : batch.post(JSON.stringify({ commands: published.map((each) => ({ publish: each })) })));
      if (answer.includes('"error"') || !answer.includes('"offset"')) throw new Error(answer.slice(0, 500));
    };
    return {
      async emit(events) {
        for (let at = 0; at < events.length; at += maxBatch) await publish(events.slice(at, at + maxBatch));
      },
      [Symbol.dispose]() {
        single[Symbol.dispose]();
        batch[Symbol.dispose]();
      },
    };
  };
  const parts = starting.move();
  return {
    name: 'Centrifugo',
    openEmitter,
    async subscribe({ sockets: count, things, onEvent }) {
      const sockets = await inParts(count, (socket) =>
        openLeanSocket(url, (chunk, start, end) => eachNumber(chunk, [start, end], (event) => onEvent(socket, event)), dialect),
      );
      for (const socket of sockets) {
        for (const [n, thing] of topics(things).entries()) {
          socket.send(JSON.stringify({ id: n + 2, subscribe: { channel: thing ?? 'events' } }));
        }
      }
      return {
        [Symbol.dispose]() {
          for (const socket of sockets) socket.close();
        },
      };
    },
    resume: {
      async history(count) {
        let since: object | null = null;
        let read = 0;
        while (read < count) {
          const body = JSON.stringify({ channel: 'events', limit: 1000, since });
          const response = await fetch(`${url}/api/history`, { method: 'POST', body });
          const { result } = (await response.json()) as { result: { publications: { offset: number }[]; epoch: string } };
          if (result.publications.length === 0) break;
          read += result.publications.length;
          since = { offset: result.publications.at(-1)!.offset, epoch: result.epoch };
        }
        return read;
      },
    },
    async fill(events) {
      const parts = Array.from({ length: Math.ceil(events.length / maxBatch) }, (_, n) => events.slice(n * maxBatch, (n + 1) * maxBatch));
      const client = async (): Promise<void> => {
        using emitter = await openEmitter();
        for (let part = parts.pop(); part !== undefined; part = parts.pop()) await emitter.emit(part);
      };
      const sql = postgres(database.url('postgres'), { max: 1 });
      const synchronousCommit = async (value: 'on' | 'off'): Promise<void> => {
        await sql.unsafe(`alter system set synchronous_commit = ${value}`);
        await sql`select pg_reload_conf()`;
      };
      await synchronousCommit('off');
      await Promise.all(Array.from({ length: 16 }, client));
      await synchronousCommit('on');
      await sql.end();
    },
    processorSeconds: () => processorSeconds(server.pid!) + database.processorSeconds(),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** The response to a larger batch is chunked, which the lean client does not read. */
const maxBatch = 25;

const dialect: Dialect = { path: '/connection/websocket', protocol: null, hello: '{"id":1,"connect":{}}', acknowledgement: '"connect"' };
