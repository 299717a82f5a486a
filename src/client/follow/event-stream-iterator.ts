import type { Wire } from '../wire/wire.ts';
import type { EventStreamRequest } from './follow.ts';
import type { Cursor, EventStream } from './stream-types.ts';

/**
 * The events of a subscription. It begins with the first use of the iterator or of `listening`.
 *
 * Guarantees, at least once: the checkpoint is behind an event only when the body of the loop for
 * it has ended. A loop that throws or breaks has not finished its last event.
 */
export function createEventStream<E extends { readonly cursor: Cursor }>(
  wire: Wire,
  request: EventStreamRequest,
  signal: AbortSignal,
): EventStream<E> {
  let cursor: Cursor | undefined;
  let accept: () => void = nothing;
  let reject: (error: unknown) => void = nothing;
  const listening = new Promise<void>((resolve, fail) => ([accept, reject] = [resolve, fail]));
  listening.catch(nothing); // the loop throws it too

  async function* run(): AsyncGenerator<E, void> {
    try {
      // Loaded when it is needed, as are the transports.
      const { eventLoop } = await import('./event-loop.ts');
      yield* eventLoop<E>(request, { wire, signal, onMessage: accept, onMove: (next) => void (cursor = next) });
      reject(new DOMException('The subscription ended.', 'AbortError'));
    } catch (error) {
      reject(error);
      throw error;
    }
  }
  const events = run();
  let first: Promise<IteratorResult<E, void>> | null = null;
  let hasBegun = false;
  return {
    get listening() {
      if (!hasBegun) {
        hasBegun = true;
        first = events.next();
        first.catch(nothing); // thrown when the loop requests it
      }
      return listening;
    },
    get cursor() {
      return cursor;
    },
    [Symbol.asyncIterator]: () => ({
      next() {
        hasBegun = true;
        const next = first ?? events.next();
        first = null;
        return next;
      },
      return: () => events.return(),
    }),
  };
}

function nothing(): void {}
