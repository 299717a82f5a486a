import type { Position } from '../../event/cursor.ts';
import { readEventsById } from '../../store/log/events-by-id.ts';
import { inCausalOrder } from './causal-order.ts';
import { inLogOrder, type DeliveryOrder } from './delivery-order.ts';
import { SubscriptionSource } from '../source.ts';
import { StreamReader } from './stream-reader.ts';
import type { StreamMessage } from './stream-message.ts';
import { defaultStreamSettings, type StreamParts, type StreamRequest, type StreamSettings } from './stream-request.ts';

/**
 * A stream: a subscription that says where its client stands. One cursor, as there, which moves when the client asks for
 * the next message (`stream-cursor` draws how).
 *
 * Assumes: a tail that passes every event once, in order. Promises: every matching event once, in messages that end
 * where the next one begins, so that a client which goes on from any of them loses and repeats nothing. A database that
 * is away only makes it wait; any other expected error ends it, as its last message. Does not promise: that a batch is
 * full; it holds what is there when the client asks.
 */
export async function streamEvents(
  parts: StreamParts,
  request: StreamRequest,
  settings: StreamSettings = defaultStreamSettings,
): Promise<SubscriptionSource<StreamMessage>> {
  const following = await parts.tail.follow();
  try {
    const head = await parts.heads.head();
    const order = orderOf(parts, request, { ...settings, start: request.start?.position ?? head });
    return new SubscriptionSource(parts, new StreamReader(parts, request, { ...settings, head, order }), following);
  } catch (error) {
    following[Symbol.dispose]();
    throw error;
  }
}

function orderOf(
  { database, heads }: StreamParts,
  { order, filter }: StreamRequest,
  { start, waitLimits }: StreamSettings & { readonly start: Position },
): DeliveryOrder {
  switch (order) {
    case 'LOG':
      return inLogOrder(start);
    case 'CAUSAL': {
      const eventsById = async (ids: readonly string[]) => readEventsById(database, ids, await heads.head());
      return inCausalOrder({ start, filter, eventsById }, waitLimits);
    }
    default:
      return order satisfies never;
  }
}
