import { v5 as uuidv5 } from 'uuid';
import { toDocument } from '../../event/document.ts';
import type { StoredEvent } from '../../event/event.ts';
import { EncodedMessage } from '../../transport/socket-writer.ts';

/**
 * An event's id as Prefect's clients can read it, who take UUIDs only: itself, where it is one, else the UUIDv5 of it in
 * the namespace below. The same for what an event follows.
 */
export function prefectId(id: string): string {
  return isUuid(id) ? id : uuidv5(id, namespace);
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Whether `shownId` may have made this of another id. */
export function mayBeDerived(uuid: string): boolean {
  return uuid[14] === '5';
}

/** The event document, with the time when it was received. Made once for all who get the event. */
export function prefectEvent(event: StoredEvent): EncodedMessage {
  const cached = messages.get(event);
  if (cached !== undefined) return cached;
  const json = JSON.stringify({
    ...toDocument(event),
    id: prefectId(event.id),
    follows: event.follows === null ? null : prefectId(event.follows),
    received: event.received,
  });
  const message = new EncodedMessage(json);
  messages.set(event, message);
  return message;
}

const messages = new WeakMap<StoredEvent, EncodedMessage>();

/** Tidings' own; what was shown with it must stay what it is. */
const namespace = '8b4cefcf-e669-4c89-877d-56f220c8eed3';
