import { GapError, type Cursor, type EventFilter, type TidingsReader } from '../../client/tidings-client.ts';

interface BatchRequest {
  readonly after: Cursor;
  readonly select: string;
  readonly signal: AbortSignal;
}

export interface Batch<E> {
  readonly events: readonly E[];
  /** The position behind it. */
  readonly cursor: Cursor;
}

/** The events after a position, in the order of the log. Throws GapError where events are missing. */
export async function* eventBatches<E>(client: TidingsReader, filter: EventFilter, request: BatchRequest): AsyncGenerator<Batch<E>, void> {
  for await (const message of client.stream(filter, request)) {
    if ('reason' in message) throw new GapError(message.from, message.to, message.reason);
    if (!('cursor' in message)) continue; // of a newer server
    yield { events: 'events' in message ? (message.events as unknown as readonly E[]) : [], cursor: message.cursor };
  }
}
