import type { WebSocket } from 'ws';
import { seenBy } from '../../../auth/visibility.ts';
import { TidingsError } from '../../../errors.ts';
import type { FilterBounds } from '../../../filter/parse/parse-context.ts';
import type { StoredEvent } from '../../../event/event.ts';
import { questionCost, type Allowance } from '../../../transport/rate-limit.ts';
import { deliver, type Recipient } from '../../../subscriptions/delivery.ts';
import { EventCursor, type SubscriptionParts } from '../../../subscriptions/event-subscription.ts';
import { LiveSource } from '../../../subscriptions/source.ts';
import type { Turns } from '../../../concurrency/time-slices.ts';
import { Walk } from '../../../subscriptions/log-reader.ts';
import { type Encoded, Lane, type Waiter } from '../../../transport/socket-writer.ts';
import { isObject, readItem } from '../../json-body.ts';
import { reportBug } from '../../handle-request.ts';
import { BackfilledCursor, Ending } from './backfill-reader.ts';
import type { Visitor } from './inbound.ts';
import { withIds } from '../resolve-event-ids.ts';
import { parsePrefectFilter } from '../prefect-filter.ts';
import { close, pong, type Frame } from './frames.ts';
import { shownEvent } from '../prefect-event.ts';

export interface EventsOutParts extends SubscriptionParts {
  readonly turns: Turns;
  readonly allowance: Allowance;
  readonly limits: FilterBounds;
}

/**
 * The events for one socket, which asks for them with a filter.
 *
 * Promises: the stored events that match, the earliest first, then those to come, each once; nothing is read for a client
 * that does not read. Whatever ends it closes the socket so that Prefect's client comes again, but for a wrong filter.
 */
export class EventsOut {
  private source: LiveSource<StoredEvent | Ending> | null = null;
  private state: 'WAITS' | 'ASKED' | 'OVER' = 'WAITS';

  constructor(
    private readonly parts: EventsOutParts,
    private readonly visitor: Visitor,
  ) {}

  take({ kind, bytes }: Frame): void {
    const { socket, connection } = this.visitor;
    if (kind === 'ping') return pong(socket, connection, bytes);
    if (this.state !== 'WAITS') return;
    this.state = 'ASKED';
    void this.begin(bytes);
  }

  end(): void {
    this.state = 'OVER';
    this.source?.end();
  }

  private async begin(bytes: Buffer): Promise<void> {
    const { parts } = this;
    const { socket, connection } = this.visitor;
    try {
      const source = await this.listen(bytes);
      if (this.isOver()) return source.end();
      this.source = source;
      deliver(source, new Outlet(socket, new Lane(socket, connection, parts.metrics.slowReaders)), parts.turns);
    } catch (error) {
      this.refuse(error);
    }
  }

  private isOver(): boolean {
    return this.state === 'OVER';
  }

  private async listen(bytes: Buffer): Promise<LiveSource<StoredEvent | Ending>> {
    const { parts } = this;
    const message = readItem(bytes);
    const asked = 'json' in message && isObject(message.json) ? message.json : {};
    if (asked['type'] !== 'filter') throw new TidingsError('BAD_USER_INPUT', "Expected 'filter' message");
    parts.allowance.spend(this.visitor, questionCost);
    const parsed = parsePrefectFilter(asked['filter'], ['filter'], parts.limits);
    const { condition, isWanted } = withIds(parsed);
    const filter = seenBy(this.visitor.caller, condition);
    const following = await parts.tail.follow();
    try {
      const head = await parts.heads.head();
      const live = new EventCursor(new Walk(parts, filter, page), parts.removedUpTo, head);
      const backfill = asked['backfill'] === false ? null : { database: parts.database, filter, head };
      return new LiveSource(parts, new BackfilledCursor(backfill, live, isWanted), following);
    } catch (error) {
      following[Symbol.dispose]();
      throw error;
    }
  }

  private refuse(error: unknown): void {
    const { parts } = this;
    const { socket } = this.visitor;
    if (!(error instanceof TidingsError)) {
      reportBug(parts, error);
      return close(socket, 1011, 'Internal server error');
    }
    parts.metrics.refused.inc({ reason: error.code });
    if (error.code === 'UNAVAILABLE' || error.extensions.retryAfterMs !== undefined) return close(socket, 1013, error.message);
    close(socket, 1002, error.code === 'BAD_FILTER' ? `Invalid filter: ${error.message}` : error.message);
  }
}

/** Events in the messages of Prefect's socket. */
class Outlet implements Recipient<StoredEvent | Ending, Encoded | Ending> {
  constructor(
    private readonly socket: WebSocket,
    private readonly lane: Lane,
  ) {}

  hasRoom(): boolean {
    return this.lane.hasRoom;
  }

  onRoom(waiter: Waiter): void {
    this.lane.onRoom(waiter);
  }

  encode(message: StoredEvent | Ending): Encoded | Ending {
    return message instanceof Ending ? message : shownEvent(message);
  }

  send(message: Encoded | Ending): void {
    if (message instanceof Ending) return close(this.socket, comeAgain, message.reason);
    this.lane.send('{"type":"event","event":', message, '}');
  }

  ended(): void {
    close(this.socket, comeAgain, 'The server is going away');
  }
}

/** Prefect's client takes 1000 and 1001 for the end of all events. */
const comeAgain = 1012;
const page = 100;
