import { v5 as uuidv5 } from 'uuid';
import { stringifyJson } from '../../json/stringify-json.ts';
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

/** The event document with `received`, encoded once for all receivers of the event. */
export function prefectEvent(event: StoredEvent): EncodedMessage {
  const cached = messages.get(event);
  if (cached !== undefined) return cached;
  const json = stringifyJson({
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

/** Must not change: clients may have stored ids that were derived with it. */
const namespace = '8b4cefcf-e669-4c89-877d-56f220c8eed3';
