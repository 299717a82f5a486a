import { GapError } from '../wire/client-error.ts';
import type { Wire } from '../wire/wire.ts';
import { createCheckpointSaver } from './checkpoint-saver.ts';
import { follow, type EventStreamRequest } from './follow.ts';
import { cursorOf } from './message-cursor.ts';
import type { Cursor, Gap, StreamMessage } from './stream-types.ts';

export { follow };

export interface LoopParts {
  readonly wire: Wire;
  readonly signal: AbortSignal;
  /** Called with each message, before its events. */
  readonly onMessage: () => void;
  /** Called with the position behind each event whose loop body ended. */
  readonly onMove: (cursor: Cursor) => void;
}

/** The events of a subscription, one at a time. */
export async function* eventLoop<E extends { readonly cursor: Cursor }>(
  request: EventStreamRequest,
  { wire, signal, onMessage, onMove }: LoopParts,
): AsyncGenerator<E, void> {
  const { checkpoint, onGap = 'throw', order = 'LOG' } = request;
  const saver = createCheckpointSaver(checkpoint);
  const moveTo = (cursor: Cursor): void => {
    onMove(cursor);
    saver.moved(cursor);
  };
  let hasStarted = false;
  try {
    const saved = (await checkpoint?.load()) ?? undefined;
    for await (const message of follow<E>(wire, { ...request, after: saved ?? request.after }, signal)) {
      onMessage();
      if (isGap(message)) {
        if (onGap === 'throw') throw new GapError(message.from, message.to, message.reason);
        if (typeof onGap === 'function') onGap(message);
      }
      if ('events' in message) {
        if (!hasStarted && request.after !== 'beginning') moveTo(message.previous);
        for (const event of message.events) {
          if (signal.aborted) return;
          yield event;
          // In causal order, only the cursors of messages are positions to resume from.
          if (order === 'LOG') moveTo(event.cursor);
        }
      }
      hasStarted = true;
      const next = cursorOf(message);
      if (next !== undefined) moveTo(next);
    }
  } finally {
    await saver.finish();
  }
}

function isGap(message: StreamMessage<unknown>): message is Gap {
  return 'reason' in message;
}
