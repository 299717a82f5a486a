import { createHash } from 'node:crypto';
import { lengthUpTo } from '../../event/text.ts';

/**
 * The event id of a CloudEvent. Two sources may use the same id for different events, UUIDs too if they like, and a source may
 * repeat none of its own: what identifies a CloudEvent is both together. So the id is `source id`, in one string with a space
 * between.
 *
 * Assumes: the source passed `isSource`. Promises: the same pair has the same id, always, and different pairs have different ones:
 * the first space is where the source ends, since none has one. Where that is longer than an event id may be by default, it is
 * `<sha256:…>` of that string, which no source begins with. Does not promise: that others keep from sending events with such an id
 * through other doors.
 */
export function eventIdOf(source: string, id: string): string {
  const combined = `${source} ${id}`;
  return lengthUpTo(maxIdLength, combined) <= maxIdLength ? combined : `<sha256:${createHash('sha256').update(combined).digest('hex')}>`;
}

/** Whether an event id shows the CloudEvent's own. */
export function isHashed(eventId: string): boolean {
  return eventId.startsWith('<');
}

/** A source is a URI reference, of which only what the id relies on is checked: no white space, and no angle brackets. */
export function isSource(value: unknown): value is string {
  return typeof value === 'string' && /^[^\s<>]+$/.test(value);
}

/** Not the setting, or the same event would get another id when that changes. */
const maxIdLength = 255;
