import type { JsonObject, Labels, ReceivedEvent } from './event-types.ts';
import { stringifyLossless } from './wire/lossless-json.ts';

/** An event that was read with `documentSelection`. */
export interface DocumentedEvent extends Pick<ReceivedEvent, 'id' | 'cursor' | 'event' | 'occurred' | 'received' | 'payload'> {
  readonly resource: { readonly id: string; readonly labels: Labels; readonly role: string | null };
  readonly related: readonly { readonly id: string; readonly role: string; readonly labels: Labels }[];
  readonly followsId: string | null;
}

const idKey = 'prefect.resource.id';
const roleKey = 'prefect.resource.role';

/**
 * The GraphQL selection of Event that `eventDocument` needs. A primary resource can have a label
 * with the key of the role, which `labels` does not contain.
 */
export const documentSelection = `id cursor event occurred received resource { id: resourceId labels role: label(key: "${roleKey}") }
  related { id: resourceId role labels } payload followsId`;

/**
 * The event document on one line of JSON, with `received` and `cursor`. It can be emitted unchanged.
 *
 * Guarantees: no character of it controls a terminal or breaks a line, and numbers keep their digits.
 */
export function eventDocument({ id, occurred, event, resource, related, payload, followsId, received, cursor }: DocumentedEvent): string {
  const document = {
    id,
    occurred,
    event,
    resource: flatResource(resource),
    related: related.map(flatResource),
    payload,
    follows: followsId,
    received,
    cursor,
  } satisfies JsonObject;
  return stringifyLossless(document).replaceAll(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function flatResource({ id, role, labels }: DocumentedEvent['resource']): Labels {
  return { [idKey]: id, ...(role !== null && { [roleKey]: role }), ...labels };
}
