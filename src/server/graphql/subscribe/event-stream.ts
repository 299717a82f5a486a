import type { FetchAPI, Plugin } from 'graphql-yoga';
import { TimeSlice } from '../../../concurrency/time-slices.ts';
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
 */
export function eventStreams(): Plugin {
  return {
    onResultProcess(hook) {
      const { result } = hook;
      if (result === undefined || !(Symbol.asyncIterator in result)) return;
      const results = result as unknown as AsyncIterable<StreamedResult>;
      hook.setResultProcessor((_result, fetchAPI) => responseOf(results, fetchAPI), 'text/event-stream');
    },
  };
}

function responseOf(results: AsyncIterable<StreamedResult>, fetchAPI: FetchAPI): Response {
  const iterator = results[Symbol.asyncIterator]();
  const encoder = new fetchAPI.TextEncoder();
  const slice = new TimeSlice(sliceMs);
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
const sliceMs = 5;
const minSharedBytes = 16 << 10;
/** Shorter than the timeouts of idle connections in most proxies. */
const pingIntervalMs = 12_000;
