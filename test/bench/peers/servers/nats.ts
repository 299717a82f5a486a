import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../support/free-port.ts';
import { processorSeconds } from '../../load.ts';
import { installed } from '../installing.ts';
import { inParts, topics } from './subscribing.ts';
import { eachNumber, startProgram, thingOf, type Emitter, type Peer } from './peer.ts';

/**
 * NATS JetStream, which syncs the file before each acknowledgement. Subscribers are those of core
 * NATS, which receive an event before it is durable; only `resume` uses a consumer of the stream.
 */
export async function startNats(): Promise<Peer | null> {
  const program = await installed('nats-server-2.15.2', async (folder) => {
    await promisify(execFile)('go', ['install', 'github.com/nats-io/nats-server/v2@v2.15.2'], { env: { ...process.env, GOBIN: folder } });
  });
  if (program === null) return null;
  await using starting = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'tidings-nats-'));
  starting.defer(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const config = join(folder, 'nats.conf');
  writeFileSync(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}", sync_interval: always }\n`);
  const server = starting.use(await startProgram([join(program, 'nats-server'), '-c', config], port));
  const admin = await openNats(port, () => undefined);
  starting.defer(() => admin.close());
  await admin.request('$JS.API.STREAM.CREATE.events', JSON.stringify({ name: 'events', subjects: ['events.>'], storage: 'file' }));

  const openEmitter = async (): Promise<Emitter> => {
    const client = await openNats(port, () => undefined);
    return {
      async emit(events) {
        const answers = await Promise.all(
          events.map((event) => client.request(`events.${thingOf(event) ?? 'other'}`, JSON.stringify(event), event.id)),
        );
        for (const answer of answers) if (!answer.includes('"seq":')) throw new Error(answer);
      },
      [Symbol.dispose]: () => client.close(),
    };
  };
  const parts = starting.move();
  return {
    name: 'NATS',
    openEmitter,
    async subscribe({ sockets: count, things, onEvent }) {
      const clients = await inParts(count, (socket) =>
        openNats(port, (chunk, start, end) => eachNumber(chunk, [start, end], (event) => onEvent(socket, event))),
      );
      for (const client of clients) {
        for (const [n, thing] of topics(things).entries()) client.send(`SUB events.${thing ?? '>'} ${n + 2}\r\n`);
      }
      return {
        [Symbol.dispose]() {
          for (const client of clients) client.close();
        },
      };
    },
    resume: {
      async stream(count) {
        let arrived = 0;
        let done: () => void;
        const all = new Promise<void>((resolve) => (done = resolve));
        const client = await openNats(port, () => {
          arrived += 1;
          if (arrived === count) done();
        });
        client.send('SUB deliver.bench 2\r\n');
        const consumer = {
          deliver_subject: 'deliver.bench',
          deliver_policy: 'all',
          ack_policy: 'none',
          // Otherwise the server closes a connection that is 64 MB behind.
          flow_control: true,
          idle_heartbeat: 5e9,
          mem_storage: true,
          num_replicas: 1,
        };
        await client.request('$JS.API.CONSUMER.CREATE.events', JSON.stringify({ stream_name: 'events', config: consumer }));
        await all;
        client.close();
        return arrived;
      },
    },
    async fill(events) {
      using emitter = await openEmitter();
      for (let at = 0; at < events.length; at += 1000) await emitter.emit(events.slice(at, at + 1000));
    },
    processorSeconds: () => processorSeconds(server.pid!),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

interface NatsClient {
  send(text: string): void;
  /** Publishes, and resolves with the reply; with an id, which makes the event unique. */
  request(subject: string, body: string, id?: string): Promise<string>;
  close(): void;
}

/** A client of NATS that does little, so that a benchmark measures the server. */
async function openNats(port: number, onMessage: (chunk: Buffer, start: number, end: number) => void): Promise<NatsClient> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const replies = new Map<string, (text: string) => void>();
  const inbox = `_INBOX.${Math.random().toString(36).slice(2)}`;
  let rest: Buffer = Buffer.alloc(0);
  let asked = 0;
  let ready: () => void;
  const opened = new Promise<void>((resolve, reject) => {
    ready = resolve;
    socket.once('error', reject);
  });
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const lineEnd = bytes.indexOf('\r\n', at);
      if (lineEnd < 0) break;
      const line = bytes.toString('latin1', at, lineEnd);
      if (!line.startsWith('MSG ') && !line.startsWith('HMSG ')) {
        if (line === 'PONG') ready();
        else if (line === 'PING') socket.write('PONG\r\n');
        else if (line.startsWith('-ERR')) throw new Error(line);
        at = lineEnd + 2;
        continue;
      }
      const words = line.split(' ');
      const start = lineEnd + 2;
      const end = start + Number(words.at(-1));
      if (bytes.length < end + 2) break;
      at = end + 2;
      if (words[0] === 'HMSG' && words.at(-2) === words.at(-1)) {
        // Flow control: the server sends more once this is answered. A heartbeat has no reply subject.
        if (words.length === 6) socket.write(`PUB ${words[3]} 0\r\n\r\n`);
        continue;
      }
      if (words[2] !== '1') {
        onMessage(bytes, start, end);
        continue;
      }
      replies.get(words[1]!)?.(bytes.toString('utf8', start, end));
      replies.delete(words[1]!);
    }
    rest = at === bytes.length ? Buffer.alloc(0) : bytes.subarray(at);
  });
  socket.write(`CONNECT {"verbose":false,"headers":true}\r\nSUB ${inbox}.* 1\r\nPING\r\n`);
  await opened;
  let closing = false;
  socket.on('close', () => {
    if (!closing) throw new Error('NATS closed a connection');
  });
  return {
    send: (text) => void socket.write(text),
    request(subject, body, id) {
      const reply = `${inbox}.${asked++}`;
      const answer = new Promise<string>((resolve) => replies.set(reply, resolve));
      if (id === undefined) socket.write(`PUB ${subject} ${reply} ${Buffer.byteLength(body)}\r\n${body}\r\n`);
      else {
        const headers = `NATS/1.0\r\nNats-Msg-Id: ${id}\r\n\r\n`;
        socket.write(`HPUB ${subject} ${reply} ${headers.length} ${headers.length + Buffer.byteLength(body)}\r\n${headers}${body}\r\n`);
      }
      return answer;
    },
    close() {
      closing = true;
      socket.destroy();
    },
  };
}
