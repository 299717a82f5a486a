import { createHash } from 'node:crypto';
import { lengthUpTo } from '../../event/text.ts';

/**
 * Returns the event id of a CloudEvent: its source and its id, separated by a space.
 *
 * Assumes: the source passed `isSource`.
 *
 * Guarantees: the same pair always has the same event id, and different pairs have different ones.
 * Does not guarantee: that no event emitted through another protocol has this id.
 *
 * Why: a source must not repeat an id, but two sources can use the same one, even a UUID. Only the
 * pair identifies a CloudEvent. A source contains no space, so the first space ends it. A string
 * longer than the default limit of event ids is replaced by `<sha256:…>` of it; no source starts
 * with `<`.
 */
export function eventIdOf(source: string, id: string): string {
  const combined = `${source} ${id}`;
  return lengthUpTo(maxIdLength, combined) <= maxIdLength ? combined : `<sha256:${createHash('sha256').update(combined).digest('hex')}>`;
}

/** Whether an event id is a hash, which does not contain the id of the CloudEvent. */
export function isHashed(eventId: string): boolean {
  return eventId.startsWith('<');
}

/** A source is a URI reference. Checks only what `eventIdOf` needs: no spaces or angle brackets. */
export function isSource(value: unknown): value is string {
  return typeof value === 'string' && /^[^\s<>]+$/.test(value);
}

/** A constant: with the setting, the same event would get another id when the setting changes. */
const maxIdLength = 255;
