import { v5 as uuidv5 } from 'uuid';
import { runInSlices } from '../../concurrency/time-slices.ts';
import { isLargerThan } from '../../json/json-size.ts';
import { runToEnd } from '../../json/run-to-end.ts';
import { jsonTextInSteps } from '../../json/stringify-in-steps.ts';
import { toDocument } from '../../event/document.ts';
import type { StoredEvent } from '../../event/event.ts';
import { EncodedMessage } from '../../transport/socket-writer.ts';

/**
 * Returns the id that Prefect's clients see: they accept only UUIDs. A UUID is unchanged; any other
 * id becomes its UUIDv5 in `namespace`. The same holds for `follows`.
 */
export function prefectId(id: string): string {
  return isUuid(id) ? id : uuidv5(id, namespace);
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Whether `prefectId` can have derived this UUID from another id. */
export function mayBeDerived(uuid: string): boolean {
  return uuid[14] === '5';
}

/**
 * The event document with `received`, encoded once for all receivers of the event. A large one is
 * encoded in slices of the event loop, which then resolve a promise.
 */
export function prefectEvent(event: StoredEvent): EncodedMessage | Promise<EncodedMessage> {
  const steps = prefectEventInSteps(event);
  return !messages.has(event) && isLargerThan(event, maxBytesAtOnce) ? runInSlices(steps) : runToEnd(steps);
}

/** The same in steps. */
export function* prefectEventInSteps(event: StoredEvent): Generator<undefined, EncodedMessage> {
  const cached = messages.get(event);
  if (cached !== undefined) return cached;
  const document = {
    ...toDocument(event),
    id: prefectId(event.id),
    follows: event.follows === null ? null : prefectId(event.follows),
    received: event.received,
  };
  const message = new EncodedMessage(yield* jsonTextInSteps(document));
  messages.set(event, message);
  return message;
}

/** A millisecond of work. */
const maxBytesAtOnce = 64 << 10;

const messages = new WeakMap<StoredEvent, EncodedMessage>();

/** Must not change: clients may have stored ids that were derived with it. */
const namespace = '8b4cefcf-e669-4c89-877d-56f220c8eed3';
