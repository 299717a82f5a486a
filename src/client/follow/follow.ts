import { TidingsError } from '../wire/client-error.ts';
import type { Wire } from '../wire/wire.ts';
import { cursorOf } from './message-cursor.ts';
import { createStateReport, reconnecting } from './reconnecting.ts';
import type { Checkpoint, Cursor, EventBatch, FollowOptions, StreamMessage } from './stream-types.ts';

export interface FollowRequest extends Pick<FollowOptions, 'after' | 'onState' | 'order'> {
  readonly filter: object | undefined;
  /** The GraphQL selection of Event. */
  readonly select: string;
  readonly until?: Cursor | undefined;
}

export interface EventStreamRequest extends FollowRequest {
  readonly checkpoint?: Checkpoint | undefined;
  readonly onGap?: FollowOptions['onGap'] | undefined;
}

interface Positioned {
  readonly cursor: Cursor;
}

/**
 * The messages of a subscription, over as many connections as it takes.
 *
 * Assumes: one consumer, which is done with a message when it requests the next one.
 * Guarantees: each message continues the one before. After a lost connection, or if `previous` is
 * not the last cursor, it subscribes again after the last message. Ends when the signal aborts, and
 * behind `until`. Throws the errors that waiting does not correct.
 */
export function follow<E extends Positioned>(
  wire: Wire,
  request: FollowRequest,
  signal: AbortSignal,
): AsyncGenerator<StreamMessage<E>, void> {
  const { filter, until, order = 'LOG', select } = request;
  const report = createStateReport(request.onState);
  const query = streamQuery(select);
  let after = request.after === 'now' ? undefined : request.after;
  async function* connect(): AsyncGenerator<StreamMessage<E>, void> {
    let isContinuous = true;
    if (after === 'beginning') {
      const first = await firstBatch<E>(wire, request, signal);
      if (first.events.length > 0) yield first;
      after = first.cursor;
    }
    const variables = { filter, after, until, order, batchSize };
    for await (const { eventStream: message } of wire.subscribe<{ eventStream: StreamMessage<E> }>(query, variables, signal)) {
      if (isContinuous && 'previous' in message && after !== undefined && message.previous !== after) {
        throw new TidingsError('UNAVAILABLE', `A message between the cursors ${after} and ${message.previous} is missing.`);
      }
      report.received(message.__typename);
      yield message;
      const cursor = cursorOf(message);
      // A message that this version does not know can have moved the stream.
      isContinuous = cursor !== undefined;
      after = cursor ?? after;
    }
    if (until === undefined) throw new TidingsError('UNAVAILABLE', 'The server ended the subscription.');
  }
  return reconnecting({ wire, report, signal }, connect);
}

/** The first stored event that matches, or none and the head. The stream continues behind it. */
async function firstBatch<E extends Positioned>(
  wire: Wire,
  { filter, select }: FollowRequest,
  signal: AbortSignal,
): Promise<EventBatch<E>> {
  const query = `query Beginning($filter: EventFilter) { events(filter: $filter, first: 1, order: LOG) { head nodes { cursor ${select} } } }`;
  const { events } = await wire.request<{ events: { head: Cursor; nodes: readonly E[] } }>(query, { filter }, signal);
  const cursor = events.nodes[0]?.cursor ?? events.head;
  return { __typename: 'EventBatch', previous: cursor, cursor, events: events.nodes };
}

function streamQuery(select: string): string {
  return `subscription Follow($filter: EventFilter, $after: Cursor, $until: Cursor, $order: StreamOrder, $batchSize: Int) {
  eventStream(filter: $filter, after: $after, until: $until, order: $order, batchSize: $batchSize) {
    __typename
    ... on EventBatch { previous cursor events { cursor ${select} } }
    ... on CaughtUp { cursor } ... on Checkpoint { cursor } ... on FellBehind { cursor } ... on Gap { from to reason }
  }
}`;
}

/** The server also limits the bytes of a batch. */
const batchSize = 1000;
