import { visibleTo } from '../../src/auth/visibility.ts';
import { formatCursor, type Position } from '../../src/event/cursor.ts';
import type { StoredEvent } from '../../src/event/event.ts';
import { parsePayloadPath, valueAt } from '../../src/event/payload-path.ts';
import { everything } from '../../src/filter/filter.ts';
import { payloadBytesOf } from '../../src/store/log/payload-bytes.ts';
import { builder, reads } from '../builder.ts';
import type { Context } from '../context.ts';
import { Node } from '../node.ts';
import { type EventConnection, openConnection } from './event-connection.ts';
import { PrimaryResourceType, RelatedResourceType } from './resource-snapshot.ts';

export const EventType = builder.objectRef<StoredEvent>('Event');
export const EventConnectionType = builder.objectRef<EventConnection>('EventConnection');

/** The cursor of a position in the log. */
export function logCursor(context: Context, position: Position): string {
  return formatCursor({ epoch: context.services.epochHistory.epoch, position });
}

EventType.implement({
  description: 'A notification of a change: something that happened to a resource.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'The identifier that the client chose, or a UUIDv7. Unique among events for as long as the event is kept.',
    }),
    event: t.exposeString('event', { description: 'The name of what happened, dot-delimited by convention: acme.user.logged-in.' }),
    occurred: t.expose('occurred', { type: 'DateTime', description: "When it happened, by the client's clock." }),
    received: t.expose('received', { type: 'DateTime', description: "When it was stored, by the server's clock." }),
    resource: t.expose('resource', {
      type: PrimaryResourceType,
      description: 'The resource that the event concerns, as it was described in this event.',
    }),
    related: t.field({
      type: [RelatedResourceType],
      extensions: reads('related'),
      description: 'The other resources involved, in the order given; with `role`, those in one of these roles.',
      args: { role: t.arg.stringList() },
      resolve: ({ related }, { role }) => (role ? related.filter((each) => role.includes(each.role)) : [...related]),
    }),
    payload: t.expose('payload', { type: 'JSONObject', extensions: reads('payload') }),
    payloadBytes: t.int({
      extensions: reads('payload'),
      description: 'Bytes of the payload as JSON in UTF-8, without loading the payload.',
      resolve: payloadBytesOf,
    }),
    payloadAt: t.field({
      type: 'JSON',
      extensions: reads('payload'),
      nullable: true,
      description:
        'One value inside the payload, by dotted path; null when absent. A number selects an element of a list. Quote a key that contains a dot: a."b.c".0',
      args: { path: t.arg.string({ required: true }) },
      resolve: ({ payload }, { path }) => valueAt(payload, parsePayloadPath(path)) ?? null,
    }),
    followsId: t.exposeID('follows', {
      nullable: true,
      description: 'The id of the event known to have occurred before this one, as given.',
    }),
    follows: t.field({
      type: EventType,
      nullable: true,
      description: 'That event; null when there is none or when it is not stored (yet).',
      resolve: ({ follows }, _args, { loaders }) => (follows === null ? null : loaders.event(follows)),
    }),
    followers: t.field({
      type: EventConnectionType,
      description: 'Events that follow this one directly, oldest first.',
      args: {
        first: t.arg.int({ defaultValue: 50, description: 'Number of events, 0 to 1,000.' }),
        after: t.arg({
          type: 'Cursor',
          description: 'Start after this cursor, which must come from a page of followers, or of order OLDEST_FIRST.',
        }),
      },
      resolve: ({ id }, args, context) =>
        openConnection(context, { filter: visibleTo(context.caller, everything), order: 'OLDEST_FIRST', scope: 'FOLLOWS', key: id }, args),
    }),
    cursor: t.field({
      type: 'Cursor',
      description: "This event's position in the log. Pass it as `after` of a subscription to continue from here.",
      resolve: ({ position }, _args, context) => logCursor(context, position),
    }),
  }),
});
