import type { Details, EventInput, JsonObject, RelatedInput } from '../event-types.ts';
import { isSchema } from '../standard-schema.ts';
import { TidingsError } from '../wire/client-error.ts';
import { rejectedEvent } from './event-checks.ts';
import { newEventId, nowInMicros } from './event-ids.ts';

/** The event that the arguments of `emit` describe. Its id and time are made now. */
export function inputOf(event: string, details: Details<unknown>): EventInput {
  if (typeof event !== 'string' || typeof details !== 'object' || details === null) {
    throw new TypeError("emit: expected the name of an event and its details, as in emit('acme.paid', { resource: 'acme.order.1' }).");
  }
  const { id = newEventId(), occurred, resource, related, payload, follows } = details;
  const followed = typeof follows === 'object' ? follows?.id : follows;
  return {
    id,
    occurred: occurred instanceof Date ? occurred.toISOString() : (occurred ?? nowInMicros()),
    event,
    resource: typeof resource === 'string' ? { id: resource } : resource,
    ...(related !== undefined && { related: listOf(related) }),
    ...(payload !== undefined && { payload: payload as JsonObject }),
    ...(followed !== undefined && { follows: followed }),
  };
}

function listOf(related: NonNullable<Details['related']>): readonly RelatedInput[] {
  if (Array.isArray(related)) return related as readonly RelatedInput[];
  return Object.entries(related as Readonly<Record<string, string | readonly string[]>>).flatMap(([role, ids]) =>
    [ids].flat().map((id) => ({ id, role })),
  );
}

/** What the schema of an event makes of a payload. Throws EVENT_REJECTED. */
export function payloadBySchema(schemas: Readonly<Record<string, unknown>>, event: string, payload: unknown): unknown {
  const schema = Object.hasOwn(schemas, event) ? schemas[event] : undefined;
  if (!isSchema(schema)) return payload;
  const result = schema['~standard'].validate(payload ?? {});
  if (result instanceof Promise) {
    throw new TidingsError('BAD_USER_INPUT', `events: the schema of ${event} validates asynchronously; emit needs one that does not.`);
  }
  if (result.issues === undefined) return result.value;
  throw rejectedEvent(
    result.issues.map(({ message, path = [] }) => {
      const field = ['payload', ...path.map((key) => String(typeof key === 'object' ? key.key : key))];
      return { code: 'INVALID', field, message: `${field.join('.')}: ${message}` };
    }),
  );
}
