import { documentBytes } from '../../event/document.ts';
import type { StoredEvent } from '../../event/event.ts';

/** The size of a batch: at most `maxEvents` events, and `maxBytes` of their JSON; an event larger than that comes alone. */
export interface BatchLimit {
  readonly maxEvents: number;
  /** In the form of the event document, since a message depends on what a client selects. */
  readonly maxBytes: number;
}

/** The number of events that the next batch takes from the start of `ready`: at least one, if there is one. */
export function batchLength(ready: readonly StoredEvent[], { maxEvents, maxBytes }: BatchLimit): number {
  const length = Math.min(ready.length, maxEvents);
  if (length <= 1) return length; // comes alone anyhow, so need not be measured
  let bytes = 0;
  for (const [index, event] of ready.slice(0, length).entries()) {
    bytes += bytesOf(event);
    if (bytes > maxBytes) return Math.max(index, 1);
  }
  return length;
}

/** Measured once, since streams share the events in memory. */
function bytesOf(event: StoredEvent): number {
  const known = bytesByEvent.get(event);
  if (known !== undefined) return known;
  const bytes = documentBytes(event);
  bytesByEvent.set(event, bytes);
  return bytes;
}

const bytesByEvent = new WeakMap<StoredEvent, number>();
