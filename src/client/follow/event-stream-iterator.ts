import { GapError } from '../wire/client-error.ts';
import type { Wire } from '../wire/wire.ts';
import { createCheckpointSaver } from './checkpoint-saver.ts';
import { cursorOf, follow, type FollowRequest } from './follow.ts';
import type { Checkpoint, Cursor, EventStream, FollowOptions, Gap, StreamMessage } from './stream-types.ts';

export interface EventStreamRequest extends FollowRequest {
  readonly checkpoint?: Checkpoint | undefined;
  readonly onGap?: FollowOptions['onGap'] | undefined;
}

/**
 * The events of a subscription, one at a time.
 *
 * Guarantees, at least once: the checkpoint is behind an event only when the body of the loop for
 * it has ended. A loop that throws or breaks has not finished its last event.
 */
export function createEventStream<E extends { readonly cursor: Cursor }>(
  wire: Wire,
  request: EventStreamRequest,
  signal: AbortSignal,
): EventStream<E> {
  const { checkpoint, onGap = 'throw', order = 'LOG' } = request;
  let cursor: Cursor | undefined;
  let accept = nothing;
  let reject: (error: unknown) => void = nothing;

  async function* run(): AsyncGenerator<E, void> {
    const saver = createCheckpointSaver(checkpoint);
    const moveTo = (next: Cursor): void => saver.moved((cursor = next));
    try {
      const saved = (await checkpoint?.load()) ?? undefined;
      for await (const message of follow<E>(wire, { ...request, after: saved ?? request.after }, signal)) {
        accept();
        if (isGap(message)) {
          if (onGap === 'throw') throw new GapError(message.from, message.to, message.reason);
          if (typeof onGap === 'function') onGap(message);
        }
        if ('events' in message) {
          if (cursor === undefined) moveTo(message.previous);
          for (const event of message.events) {
            if (signal.aborted) return;
            yield event;
            // In causal order, only the cursors of messages are positions to resume from.
            if (order === 'LOG') moveTo(event.cursor);
          }
        }
        const next = cursorOf(message);
        if (next !== undefined) moveTo(next);
      }
      reject(new DOMException('The subscription ended.', 'AbortError'));
    } catch (error) {
      reject(error);
      throw error;
    } finally {
      await saver.finish();
    }
  }

  const events = run();
  let first: Promise<IteratorResult<E, void>> | null = null;
  const listening = new Promise<void>((resolve, fail) => ([accept, reject] = [resolve, fail]));
  listening.catch(() => undefined); // the loop throws it too
  const start = (): void => {
    first ??= events.next();
    first.catch(() => undefined); // thrown when the loop requests it
  };
  return {
    get listening() {
      start();
      return listening;
    },
    get cursor() {
      return cursor;
    },
    [Symbol.asyncIterator]: () => ({
      next() {
        if (first === null) return events.next();
        const started = first;
        first = null;
        return started;
      },
      return: () => events.return(),
    }),
  };
}

function isGap(message: StreamMessage<unknown>): message is Gap {
  return 'reason' in message;
}

function nothing(): void {}
