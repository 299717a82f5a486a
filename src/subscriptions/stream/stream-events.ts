import type { Position } from '../../event/cursor.ts';
import { everything } from '../../filter/filter.ts';
import { unbounded } from '../../store/database/read-budget.ts';
import { readEventsById } from '../../store/log/events-by-id.ts';
import { holdResources } from '../held-resources.ts';
import { SubscriptionSource } from '../source.ts';
import { causalOrderBytes, inCausalOrder } from './causal-order.ts';
import { inLogOrder, type DeliveryOrder } from './delivery-order.ts';
import type { StreamMessage } from './stream-message.ts';
import { StreamReader } from './stream-reader.ts';
import { defaultStreamSettings, type StreamParts, type StreamRequest, type StreamSettings } from './stream-request.ts';

/**
 * Opens an event stream: a subscription that delivers batches and reports its position. Its reader
 * moves when the client takes the next message; `stream-reader.ts` has the diagram.
 *
 * Assumes: the tail passes every event once, in order.
 * Guarantees:
 * - Every matching event is delivered once. Each message begins where the last one ended, so a
 *   client that resumes from any of them loses and repeats nothing (in causal order: see
 *   `causal-order.ts`).
 * - While the database is unreachable, the stream waits. Any other expected error ends it, as its
 *   last message.
 * Does not guarantee: full batches. A batch has the events that are available when the client asks.
 */
export async function streamEvents(
  parts: StreamParts,
  request: StreamRequest,
  settings: StreamSettings = defaultStreamSettings,
): Promise<SubscriptionSource<StreamMessage>> {
  const held = await holdResources(parts, { ...request, extraBytes: request.order === 'CAUSAL' ? causalOrderBytes : 0 });
  try {
    const { head } = held;
    const order = orderOf(parts, request, { ...settings, start: request.start?.position ?? head });
    return new SubscriptionSource(parts, new StreamReader(parts, request, { ...settings, head, order }), held);
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

function orderOf(
  { database, heads }: StreamParts,
  { order, filter, client }: StreamRequest,
  { start, waitLimits }: StreamSettings & { readonly start: Position },
): DeliveryOrder {
  switch (order) {
    case 'LOG':
      return inLogOrder(start);
    case 'CAUSAL': {
      const eventsById = async (ids: readonly string[]) =>
        readEventsById(database.reads({ client }), ids, { head: await heads.head(), filter: everything, budget: unbounded });
      return inCausalOrder({ start, filter, eventsById }, waitLimits);
    }
    default:
      return order satisfies never;
  }
}
