import { documentBytes, documentBytesUpperBound } from '../../event/document.ts';
import type { StoredEvent } from '../../event/event.ts';

/** The limits of a batch. An event larger than `maxBytes` is delivered alone. */
export interface BatchLimit {
  readonly maxEvents: number;
  /** The JSON of event documents, since the size of a message depends on the client's selection. */
  readonly maxBytes: number;
}

/** Returns how many events from the start of `ready` fit into a batch: at least one, if there is one. */
export function batchLength(ready: readonly StoredEvent[], { maxEvents, maxBytes }: BatchLimit): number {
  const length = Math.min(ready.length, maxEvents);
  if (length <= 1) return length; // delivered alone in any case: not measured
  const candidates = ready.slice(0, length);
  if (candidates.reduce((sum, event) => sum + documentBytesUpperBound(event), 0) <= maxBytes) return length;
  let bytes = 0;
  for (const [index, event] of candidates.entries()) {
    bytes += bytesOf(event);
    if (bytes > maxBytes) return Math.max(index, 1);
  }
  return length;
}

/** Measures an event once, since streams share the events in memory. */
function bytesOf(event: StoredEvent): number {
  const known = bytesByEvent.get(event);
  if (known !== undefined) return known;
  const bytes = documentBytes(event);
  bytesByEvent.set(event, bytes);
  return bytes;
}

const bytesByEvent = new WeakMap<StoredEvent, number>();
