import type { ServerResponse } from 'node:http';
import type { FetchAPI, Plugin } from 'graphql-yoga';
import { TimeSlice } from '../../../concurrency/time-slices.ts';
import { limitStall } from '../../../transport/sent-response.ts';
import type { EncodedMessage } from '../../../transport/socket-writer.ts';

/** One message of a subscription over SSE. */
export interface StreamedResult {
  /** Where a client that has this message resumes; null: where it would have before. */
  readonly cursor: string | null;
  /** The result; null: the message has only the cursor. */
  readonly message: EncodedMessage | null;
}

/**
 * Writes subscriptions as event streams with the cursor of each message as its `id`, whatever the
 * operation selects. Browsers send the last one as `Last-Event-ID` when they reconnect. Yoga's own
 * streams have no ids.
 *
 * Guarantees: no message is taken while more than `maxBufferedBytes` wait for the client's network, as
 * on a WebSocket. A client that reads none of them is disconnected.
 */
export function eventStreams(): Plugin {
  return {
    onResultProcess(hook) {
      const { result, serverContext } = hook;
      if (result === undefined || !(Symbol.asyncIterator in result)) return;
      const results = result as unknown as AsyncIterable<StreamedResult>;
      hook.setResultProcessor(
        (_result, fetchAPI) => responseOf(results, fetchAPI, (serverContext as unknown as { readonly res: ServerResponse }).res),
        'text/event-stream',
      );
    },
  };
}

function responseOf(results: AsyncIterable<StreamedResult>, fetchAPI: FetchAPI, sent: ServerResponse): Response {
  const iterator = results[Symbol.asyncIterator]();
  const encoder = new fetchAPI.TextEncoder();
  const slice = new TimeSlice(sliceMs);
  limitStall(sent); // longer than the interval of pings
  let pings: NodeJS.Timeout | undefined;
  const body = new fetchAPI.ReadableStream<Uint8Array>({
    start(controller) {
      const ping = (): void => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(comment));
      };
      controller.enqueue(encoder.encode(comment)); // sends the headers
      pings = setInterval(ping, pingIntervalMs);
    },
    async pull(controller) {
      if (slice.isOver()) await slice.next(); // the stream pulls all that is there in one turn of the event loop
      await room(sent); // else the stream holds one message more
      const { done, value } = await iterator.next();
      if (done !== true) return bytesOf(value, encoder).forEach((bytes) => controller.enqueue(bytes));
      clearInterval(pings);
      controller.enqueue(encoder.encode(completed));
      controller.close();
    },
    async cancel() {
      clearInterval(pings);
      await iterator.return?.();
    },
  });
  return new fetchAPI.Response(body, { headers: streamHeaders });
}

/** Resolves when the network has taken what waits for it, or never will. */
async function room(sent: ServerResponse): Promise<void> {
  if (sent.writableLength < maxBufferedBytes || sent.destroyed) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      for (const event of ['drain', 'close']) sent.off(event, end);
      resolve();
    };
    for (const event of ['drain', 'close']) sent.on(event, end);
  });
}

/** A large result is not copied: all clients that get it share its bytes. */
function bytesOf({ cursor, message }: StreamedResult, encoder: TextEncoder): readonly Uint8Array[] {
  const id = cursor === null ? '' : `id: ${cursor}\n`;
  if (message === null) return [encoder.encode(`${id}\n`)];
  const before = `${id}event: next\ndata: `;
  const after = '\n\n';
  if (message.byteLength < minSharedBytes) return [encoder.encode(before + message.json + after)];
  return [encoder.encode(before), message.bytes, encoder.encode(after)];
}

const comment = ':\n\n';
const completed = 'event: complete\ndata:\n\n';
const streamHeaders = {
  'content-type': 'text/event-stream',
  connection: 'keep-alive',
  'cache-control': 'no-cache',
  'content-encoding': 'none',
  'x-accel-buffering': 'no', // nginx would hold messages back
};
const maxBufferedBytes = 64 << 10;
const sliceMs = 5;
const minSharedBytes = 16 << 10;
/** Shorter than the timeouts of idle connections in most proxies. */
const pingIntervalMs = 12_000;
