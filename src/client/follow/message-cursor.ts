import type { Cursor, StreamMessage } from './stream-types.ts';

/** The position that a message leads to; undefined if this version does not know it. */
export function cursorOf(message: StreamMessage<unknown>): Cursor | undefined {
  if ('cursor' in message) return message.cursor;
  return 'to' in message ? message.to : undefined;
}
