import { stringifyLossless, type Labels } from '../../client/tidings-client.ts';

/** What `eventDocument` needs of an event. */
export interface DocumentedEvent {
  readonly id: string;
  readonly occurred: string;
  readonly event: string;
  readonly resource: { readonly id: string; readonly labels: Labels; readonly role: string | null };
  readonly related: readonly { readonly id: string; readonly role: string; readonly labels: Labels }[];
  readonly payload: unknown;
  readonly followsId: string | null;
  readonly received: string;
  readonly cursor: string;
}

const idKey = 'prefect.resource.id';
const roleKey = 'prefect.resource.role';

/** The GraphQL selection of Event that `eventDocument` needs. `labels` does not contain the role of a primary resource. */
export const documentSelection = `id occurred event resource { id: resourceId labels role: label(key: "${roleKey}") }
  related { id: resourceId role labels } payload followsId received cursor`;

/** The event document as JSON on one line, as `tidings tail --json` prints it. It can be emitted unchanged. */
export function eventDocument(event: DocumentedEvent): string {
  const { id, occurred, resource, related, payload, followsId, received, cursor } = event;
  const role = resource.role === null ? {} : { [roleKey]: resource.role };
  return escaped(
    stringifyLossless({
      id,
      occurred,
      event: event.event,
      resource: { [idKey]: resource.id, ...resource.labels, ...role },
      related: related.map(flatResource),
      payload,
      follows: followsId,
      received,
      cursor,
    }),
  );
}

function flatResource({ id, role, labels }: DocumentedEvent['related'][number]): Labels {
  return { [idKey]: id, [roleKey]: role, ...labels };
}

/** The same JSON, without characters that control a terminal or break a line. */
function escaped(json: string): string {
  return json.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
