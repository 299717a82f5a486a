import { runInLaterSlices, TimeSlice } from '../../concurrency/time-slices.ts';
import type { StoredEvent } from '../../event/event.ts';
import { isLargerThan } from '../../json/json-size.ts';
import { jsonBytesInSteps } from '../../json/stringify-in-steps.ts';
import { stringifyJson } from '../../json/stringify-json.ts';

/**
 * Bytes of an event's payload as JSON in UTF-8. Counted once, however often an operation selects
 * them. A large payload is counted in slices of the event loop, which then resolve a promise.
 */
export function payloadBytesOf(event: StoredEvent): number | Promise<number> {
  const known = counted.get(event);
  if (known !== undefined) return known;
  // An operation may select those of a thousand events, and even finding out the size can take long.
  const slice = (sliceOfTurn ??= startSlice());
  const bytes =
    slice.isOver() || isLargerThan(event.payload, maxBytesAtOnce)
      ? runInLaterSlices(jsonBytesInSteps(event.payload))
      : Buffer.byteLength(stringifyJson(event.payload));
  counted.set(event, bytes);
  return bytes;
}

function startSlice(): TimeSlice {
  setImmediate(() => (sliceOfTurn = null));
  return new TimeSlice(sliceMs);
}

/** The time for counting in this turn of the event loop. */
let sliceOfTurn: TimeSlice | null = null;
const sliceMs = 5;
const counted = new WeakMap<StoredEvent, number | Promise<number>>();
/** A thousand such payloads take ten milliseconds. */
const maxBytesAtOnce = 4096;
