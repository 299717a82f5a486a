import { TimeSlice } from '../../concurrency/time-slices.ts';
import { documentBytes, documentBytesUpperBound } from '../../event/document.ts';
import type { StoredEvent } from '../../event/event.ts';

/** The limits of a batch. An event larger than `maxBytes` is delivered alone. */
export interface BatchLimit {
  readonly maxEvents: number;
  /** The JSON of event documents, since the size of a message depends on the client's selection. */
  readonly maxBytes: number;
}

/**
 * Returns how many events from the start of `ready` fit into a batch: at least one, if there is one.
 * MORE: that takes longer than a slice of the event loop; call again in a later turn.
 */
export function batchLength(ready: readonly StoredEvent[], { maxEvents, maxBytes }: BatchLimit): number | 'MORE' {
  const length = Math.min(ready.length, maxEvents);
  if (length <= 1) return length; // delivered alone in any case: not measured
  const candidates = ready.slice(0, length);
  if (areSmall(candidates, Math.min(maxBytes, maxEstimatedBytes))) return length;
  const slice = new TimeSlice(measureMs);
  let bytes = 0;
  for (const [index, event] of candidates.entries()) {
    if (!bytesByEvent.has(event) && slice.isOver()) return 'MORE';
    bytes += bytesOf(event);
    if (bytes > maxBytes) return Math.max(index, 1);
  }
  return length;
}

/** Whether the events certainly take no more than `maxBytes`. */
function areSmall(events: readonly StoredEvent[], maxBytes: number): boolean {
  let atMost = 0;
  for (const event of events) {
    atMost += documentBytesUpperBound(event, maxBytes - atMost);
    if (atMost > maxBytes) return false;
  }
  return true;
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
/** Some milliseconds of estimates; larger events are measured. */
const maxEstimatedBytes = 1 << 20;
const measureMs = 5;
