import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A proxy for Postgres that a test can make fail. It parses only as much of the protocol as it
 * needs to detect the response to a commit.
 */
export interface DatabaseProxy extends AsyncDisposable {
  /** The address of a database through the proxy. */
  readonly url: string;
  /**
   * Cuts the connection of further statements that contain `text`, after their execution and before
   * their response.
   */
  cutResponsesTo(text: string): void;
  /** Cuts the connection of further statements that contain `text`, before they arrive. */
  cutBefore(text: string): void;
  /**
   * Suppresses the responses to further statements that contain `text`, and keeps their connections
   * open.
   */
  silence(text: string): void;
  /** The number of connections that were cut. */
  cuts(): number;
  /** How often a connection sent something after a response, or first. */
  roundTrips(): number;
  /** `nowhere`: accepts and closes connections, as a load balancer without a server does. */
  route(destination: 'nowhere' | 'to the server'): void;
}

export async function startDatabaseProxy(url: string): Promise<DatabaseProxy> {
  const target = new URL(url);
  const open = new Set<Socket>();
  const triggers = { responsesTo: noTrigger, before: noTrigger, silence: noTrigger };
  let isReachable = true;
  let cuts = 0;
  let roundTrips = 0;
  const track = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    track(client);
    if (!isReachable) {
      client.destroy();
      return;
    }
    const upstream = createConnection(Number(target.port), target.hostname);
    track(upstream);
    const cut = (): void => {
      cuts += 1;
      client.destroy();
      upstream.destroy();
    };
    let responseMode: 'answered' | 'cut' | 'silent' = 'answered';
    let isAnswered = true;
    client.on('data', (chunk) => {
      if (isAnswered) roundTrips += 1;
      isAnswered = false;
      if (chunk.includes(triggers.before)) return cut();
      if (chunk.includes(triggers.silence)) responseMode = 'silent';
      if (chunk.includes(triggers.responsesTo)) responseMode = 'cut';
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      isAnswered = true;
      if (responseMode === 'answered') client.write(chunk);
      else if (responseMode === 'cut' && chunk.subarray(-6).equals(readyForQuery)) cut();
    });
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroySoon());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: url.replace(`:${target.port}/`, `:${port}/`),
    cutResponsesTo: (text) => (triggers.responsesTo = text),
    cutBefore: (text) => (triggers.before = text),
    silence: (text) => (triggers.silence = text),
    cuts: () => cuts,
    roundTrips: () => roundTrips,
    route(destination) {
      isReachable = destination === 'to the server';
      if (!isReachable) for (const socket of open) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** A text that no statement contains. */
const noTrigger = 'no statement has this';

/**
 * ReadyForQuery with status `I`: the statement is complete and no transaction is open, so it was
 * committed.
 */
const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
