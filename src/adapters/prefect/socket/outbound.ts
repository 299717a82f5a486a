import type { WebSocket } from 'ws';
import { visibleTo } from '../../../auth/visibility.ts';
import { TidingsError } from '../../../errors.ts';
import type { StoredEvent } from '../../../event/event.ts';
import type { FilterBounds } from '../../../filter/parse/parse-context.ts';
import { deliver, type Sink } from '../../../subscriptions/delivery.ts';
import { EventReader, type SubscriptionParts } from '../../../subscriptions/event-subscription.ts';
import { holdResources } from '../../../subscriptions/held-resources.ts';
import { LogReader } from '../../../subscriptions/log-reader.ts';
import { SubscriptionSource } from '../../../subscriptions/source.ts';
import { rateLimitKeyOf } from '../../../transport/client.ts';
import type { SlowConsumers } from '../../../transport/slow-consumers/slow-consumers.ts';
import { logQueryCost, type RateLimit } from '../../../transport/rate-limit.ts';
import { Envelope, SocketWriter, type EncodedMessage } from '../../../transport/socket-writer.ts';
import type { DrainListener } from '../../../concurrency/wake-signal.ts';
import { reportBug } from '../../handle-request.ts';
import { isJsonObject } from '../../../json/exact-number.ts';
import { readBodyItem } from '../../json-body.ts';
import { prefectEvent } from '../prefect-event.ts';
import { parsePrefectFilter } from '../prefect-filter.ts';
import { withIds } from '../resolve-event-ids.ts';
import { BackfillReader, EndMessage } from './backfill-reader.ts';
import { close, pong, type Frame } from './frames.ts';
import type { SocketClient } from './inbound.ts';

export interface OutboundParts extends SubscriptionParts {
  readonly rateLimit: RateLimit;
  readonly slowConsumers: SlowConsumers;
  readonly limits: FilterBounds;
}

/**
 * The events for one socket, which subscribes with a filter.
 *
 * Guarantees: the stored events that match, ordered by `occurred`, then live ones, each once. Reads
 * nothing for a client that does not read. The close code makes Prefect's client reconnect, except
 * after an invalid filter.
 */
export class OutboundEvents {
  private source: SubscriptionSource<StoredEvent | EndMessage> | null = null;
  private state: 'WAITING' | 'SUBSCRIBED' | 'ENDED' = 'WAITING';

  constructor(
    private readonly parts: OutboundParts,
    private readonly client: SocketClient,
  ) {}

  take({ kind, bytes }: Frame): void {
    const { socket, connection } = this.client;
    if (kind === 'ping') return pong(socket, connection, bytes);
    if (this.state !== 'WAITING') return;
    this.state = 'SUBSCRIBED';
    void this.begin(bytes);
  }

  end(): void {
    this.state = 'ENDED';
    this.source?.end();
  }

  private async begin(bytes: Buffer): Promise<void> {
    const { parts } = this;
    const { socket, connection } = this.client;
    try {
      const source = await this.subscribe(bytes);
      if (this.hasEnded()) return source.end();
      this.source = source;
      const writer = new SocketWriter(socket, connection, {
        slowConsumers: parts.slowConsumers,
        client: () => rateLimitKeyOf(this.client),
      });
      deliver(source, new SocketSink(socket, writer), parts.timeSlices);
    } catch (error) {
      this.reject(error);
    }
  }

  private hasEnded(): boolean {
    return this.state === 'ENDED';
  }

  private async subscribe(bytes: Buffer): Promise<SubscriptionSource<StoredEvent | EndMessage>> {
    const { parts } = this;
    const message = await readBodyItem(bytes);
    const request = 'json' in message && isJsonObject(message.json) ? message.json : {};
    if (request['type'] !== 'filter') throw new TidingsError('BAD_USER_INPUT', "Expected 'filter' message");
    parts.rateLimit.takeOrThrow(this.client, logQueryCost);
    const parsed = parsePrefectFilter(request['filter'], ['filter'], parts.limits);
    const { condition, isWanted } = withIds(parsed);
    const filter = visibleTo(this.client.caller, condition);
    const client = rateLimitKeyOf(this.client);
    const held = await holdResources(parts, { client, filter });
    try {
      const { head } = held;
      const live = new EventReader(new LogReader(parts, { filter, client, pageEvents }), parts.logStart, head);
      const backfill = request['backfill'] === false ? null : { database: parts.database, client, filter, head };
      return new SubscriptionSource(parts, new BackfillReader(backfill, live, isWanted), held);
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  private reject(error: unknown): void {
    const { parts } = this;
    const { socket } = this.client;
    if (!(error instanceof TidingsError)) {
      reportBug(parts, error);
      return close(socket, 1011, 'Internal server error');
    }
    parts.metrics.rejectedRequests.inc({ reason: error.code });
    if (error.code === 'UNAVAILABLE' || error.extensions.retryAfterMs !== undefined) return close(socket, 1013, error.message);
    close(socket, 1002, error.code === 'BAD_FILTER' ? `Invalid filter: ${error.message}` : error.message);
  }
}

/** Encodes events as messages of Prefect's socket. */
class SocketSink implements Sink<StoredEvent | EndMessage, EncodedMessage | EndMessage> {
  constructor(
    private readonly socket: WebSocket,
    private readonly writer: SocketWriter,
  ) {}

  hasRoom(): boolean {
    return this.writer.room.hasRoom;
  }

  onDrain(listener: DrainListener): void {
    this.writer.room.onDrain(listener);
  }

  encode(message: StoredEvent | EndMessage): EncodedMessage | EndMessage | Promise<EncodedMessage> {
    return message instanceof EndMessage ? message : prefectEvent(message);
  }

  send(message: EncodedMessage | EndMessage): void {
    if (message instanceof EndMessage) return close(this.socket, serviceRestart, message.reason);
    this.writer.send(envelope, message);
  }

  ended(): void {
    close(this.socket, serviceRestart, 'The server is shutting down');
  }
}

/** Around an event. */
const envelope = new Envelope('{"type":"event","event":', '}');
/** Prefect's client reconnects after this code, but not after 1000 and 1001. */
const serviceRestart = 1012;
const pageEvents = 100;
