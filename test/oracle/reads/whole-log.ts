import type { Position } from '../../../src/event/cursor.ts';
import { labelKeys, type JsonObject, type RelatedResource, type Resource, type StoredEvent } from '../../../src/event/event.ts';
import type { Instant } from '../../../src/event/instant.ts';
import type { Emission } from '../emission-plan.ts';
import type { Fleet } from '../fleet.ts';
import { notBefore, positionOf } from '../position.ts';
import { runQuery } from '../query.ts';

/** All events that are stored, read without a filter, so that the oracle can test them itself. */
export class WholeLog {
  /** The labels prefect.resource.role of primary resources, which no response has, by the id of the event. */
  private readonly roles = new Map<string, string>();
  private read: readonly StoredEvent[] = [];
  private cursor: string | null = null;

  /** Remembers what responses do not have of the emitted events. */
  expect(emissions: readonly Emission[]): void {
    for (const { event } of emissions.flatMap(({ items }) => items)) {
      const role = event.resource.labels?.[labelKeys.role];
      if (role !== undefined) this.roles.set(event.id, role);
    }
  }

  /** The events after `logStart`, up to the head, in log order. */
  async events(fleet: Fleet, logStart: number): Promise<readonly StoredEvent[]> {
    const events = this.read.filter(({ position }) => position > logStart);
    for (let hasMore = true; hasMore;) {
      const after: string | null = this.cursor === null ? null : notBefore(this.cursor, logStart);
      const { events: page } = await runQuery(fleet.url(0), pageQuery, { after });
      events.push(...page.nodes.map((node: EventNode) => storedEvent(node, this.roles.get(node.id))));
      this.cursor = page.pageInfo.endCursor ?? this.cursor;
      hasMore = page.pageInfo.hasNextPage;
    }
    this.read = events;
    return events;
  }
}

const pageQuery = `query ($after: Cursor) { events(order: LOG, after: $after, first: 500) {
  nodes { id cursor event occurred received resource { id: resourceId labels } related { id: resourceId role labels } payload followsId }
  pageInfo { hasNextPage endCursor } } }`;

interface EventNode {
  readonly id: string;
  readonly cursor: string;
  readonly event: string;
  readonly occurred: string;
  readonly received: string;
  readonly resource: Resource;
  readonly related: readonly RelatedResource[];
  readonly payload: JsonObject;
  readonly followsId: string | null;
}

function storedEvent(node: EventNode, role: string | undefined): StoredEvent {
  const { id, cursor, event, occurred, received, resource, related, payload, followsId } = node;
  const labels = role === undefined ? resource.labels : { ...resource.labels, [labelKeys.role]: role };
  return {
    id,
    position: positionOf(cursor) as Position,
    event,
    occurred: occurred as Instant,
    received: received as Instant,
    resource: { id: resource.id, labels },
    related,
    payload,
    follows: followsId,
  };
}
