import type { ServerResponse } from 'node:http';
import type { FetchAPI, Plugin } from 'graphql-yoga';
import type { DrainListener } from '../../../concurrency/wake-signal.ts';
import type { Sink } from '../../../subscriptions/delivery.ts';
import { NetworkRoom } from '../../../transport/slow-consumers/network-room.ts';
import type { SlowConsumers } from '../../../transport/slow-consumers/slow-consumers.ts';
import { minSharedBytes, type EncodedMessage } from '../../../transport/socket-writer.ts';
import { keepStreamAlive } from '../../../transport/socket-lifecycle.ts';

/** One message of a subscription over SSE. */
export interface StreamedResult {
  /** Where a client that has this message resumes; null: where it would have before. */
  readonly cursor: string | null;
  readonly message: EncodedMessage;
  readonly byteLength: number;
}

export interface EventStreamParts {
  readonly slowConsumers: SlowConsumers;
  /** The time without a byte after which a stream is pinged. */
  readonly idleMs?: number | undefined;
}

/**
 * Writes the results of one subscription as an event stream, with the cursor of each message as its
 * `id`, whatever the operation selects. Browsers send the last one as `Last-Event-ID` when they
 * reconnect. Yoga's own streams have no ids.
 *
 * Guarantees, as on a WebSocket: the messages of one turn of the event loop are one write. No message
 * is taken while as much waits for the network as `NetworkRoom` says. A client that does not read is
 * cut. The connections that get a large message share its bytes.
 *
 * Why not as a stream of the Fetch API, which Yoga pipes into the response? Each of the two holds a
 * message, and the first one copies it: twice the memory for a client that does not read.
 */
export class EventStream implements Omit<Sink<object, StreamedResult>, 'encode'> {
  private readonly room: NetworkRoom;
  /** The messages that are not written yet. */
  private pending = '';
  private pendingBytes = 0;

  constructor(
    private readonly response: ServerResponse,
    private readonly client: string,
    private readonly parts: EventStreamParts,
  ) {
    const waitingBytes = (): number => response.writableLength + this.pendingBytes;
    const { slowConsumers } = parts;
    const close = (): void => void response.destroy();
    this.room = new NetworkRoom({ connection: response, waitingBytes, slowConsumers, client: () => client, close });
  }

  /** Call it when the headers can be sent. `cursor`: where a client without a message resumes. */
  begin(cursor: string | null): void {
    const { response, room } = this;
    const { slowConsumers, idleMs } = this.parts;
    const stalled = (): void => {
      slowConsumers.report('STALLED', this.client);
      response.destroy();
    };
    keepStreamAlive(response, { ping: () => response.write(comment), stalled }, idleMs);
    response.on('drain', () => room.drained());
    response.once('close', () => room.closed());
    response.write(cursor === null ? comment : `${comment}id: ${cursor}\n\n`); // sends the headers
  }

  hasRoom(): boolean {
    return this.room.hasRoom;
  }

  onDrain(listener: DrainListener): void {
    this.room.onDrain(listener);
  }

  send({ cursor, message }: StreamedResult): void {
    const before = cursor === null ? beforeData : `id: ${cursor}\n${beforeData}`;
    if (message.byteLength < minSharedBytes) return this.add(before + message.json + afterData, before.length + message.byteLength);
    this.add(before, before.length);
    this.flush();
    if (this.response.destroyed) return;
    this.response.write(message.bytes);
    this.room.wroteShared(message);
    this.add(afterData, 0);
  }

  ended(): void {
    this.flush();
    if (!this.response.destroyed) this.response.end(completed);
  }

  private add(text: string, bytes: number): void {
    if (this.pending === '') process.nextTick(this.flush);
    this.pending += text;
    this.pendingBytes += bytes;
  }

  private readonly flush = (): void => {
    const { pending, response } = this;
    this.pending = '';
    this.pendingBytes = 0;
    if (pending !== '' && !response.destroyed) response.write(pending);
  };
}

const comment = ':\n\n';
const beforeData = 'event: next\ndata: ';
const afterData = '\n\n';
const completed = 'event: complete\ndata:\n\n';

/** The streams that wait for Yoga to send their headers. */
export class PendingStreams {
  private readonly begins = new WeakMap<ServerResponse, () => void>();

  /** Calls `begin` when the headers of the response can be sent, unless its client has left. */
  add(response: ServerResponse, begin: () => void): void {
    this.begins.set(response, begin);
  }

  /** Responds to subscriptions with the streams that were added. */
  plugin(): Plugin {
    const { begins } = this;
    return {
      onResultProcess(hook) {
        const { result, serverContext } = hook;
        if (result === undefined || !(Symbol.asyncIterator in result)) return;
        const { res } = serverContext as unknown as { readonly res: ServerResponse };
        const begin = begins.get(res);
        if (begin !== undefined) hook.setResultProcessor((_result, fetchAPI) => responseOf(begin, fetchAPI), 'text/event-stream');
      },
    };
  }
}

/** A response whose body Yoga takes for a stream of Node: it sends the headers, then calls `pipe`. */
function responseOf(begin: () => void, fetchAPI: FetchAPI): Response {
  const response = new fetchAPI.Response(null, { headers: streamHeaders });
  const body = { read: () => null, pipe: begin, destroy: () => undefined };
  return Object.defineProperty(response, 'body', { value: body });
}

const streamHeaders = {
  'content-type': 'text/event-stream',
  connection: 'keep-alive',
  'cache-control': 'no-cache',
  'content-encoding': 'none',
  'x-accel-buffering': 'no', // nginx would hold messages back
};
