import { TidingsError, type EventFilter, type TidingsReader } from '../../client/tidings-client.ts';

export interface ExportRequest {
  readonly client: TidingsReader;
  readonly filter: EventFilter;
  /** The GraphQL selection of Event. */
  readonly select: string;
  /** The text of an event in the file. */
  readonly line: (event: never) => string;
  /** Where the text goes; it is called again when the promise that it returned resolves. */
  readonly write: (text: string) => Promise<void>;
  readonly onProgress: (progress: ExportProgress) => void;
}

export interface ExportProgress {
  readonly done: number;
  readonly total: number;
  /** Why the export waits; null: it does not. */
  readonly waiting: string | null;
}

/**
 * Writes all events that match when the export starts, in the order of the log.
 *
 * Guarantees each of them once: events are only appended to the log, so the first `total` ones in
 * its order are those that were counted. Does not guarantee events that retention removes meanwhile.
 * Returns the number of events. Throws what the server does not accept, and the reason of the signal.
 */
export async function exportEvents(request: ExportRequest, signal: AbortSignal): Promise<number> {
  const { client, filter, select, line, write, onProgress } = request;
  const { total } = await client.counts({ by: [{ event: { segments: 1 } }], filter, first: 1, signal });
  let done = 0;
  let size = pageSize;
  let after: string | undefined;
  onProgress({ done, total, waiting: null });
  while (done < total) {
    const page = {
      filter,
      select,
      order: 'LOG',
      first: Math.min(size, total - done),
      signal,
      ...(after !== undefined && { after }),
    } as const;
    const result = await client.page(page).catch((error: unknown) => error);
    signal.throwIfAborted();
    if (result instanceof Error) {
      if (!(result instanceof TidingsError)) throw result;
      if (result.isTemporary) {
        onProgress({ done, total, waiting: result.message });
        await delay(Math.max(result.retryAfterMs ?? 0, retryDelayMs), signal);
      } else if (result.code === 'LIMIT_EXCEEDED' && size > 1) {
        size = Math.ceil(size / 4); // one response holds fewer of such large events
      } else {
        throw result;
      }
      continue;
    }
    const { nodes, endCursor, hasNextPage } = result as Awaited<ReturnType<TidingsReader['page']>>;
    await write(nodes.map((event) => line(event as never)).join(''));
    signal.throwIfAborted();
    done += nodes.length;
    onProgress({ done, total, waiting: null });
    if (!hasNextPage || endCursor === null) break;
    after = endCursor;
    size = Math.min(size * 2, pageSize);
  }
  return done;
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}

const pageSize = 1000;
const retryDelayMs = 2000;
