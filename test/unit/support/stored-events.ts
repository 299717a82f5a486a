import * as fc from 'fast-check';
import type { Position } from '../../../src/event/cursor.ts';
import type { EventCandidate, StoredEvent } from '../../../src/event/event.ts';
import { parseInstant, type Instant } from '../../../src/event/instant.ts';
import { anyEvent } from '../../support/oracles/random-filters.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { RowEvent } from '../../../src/store/database/event-row.ts';
import { draftOf } from './valid-event.ts';

/** The event as it is stored. */
export function storedAs(candidate: EventCandidate, received = '2026-01-01T00:00:00.000003Z'): StoredEvent {
  const draft = draftOf(candidate);
  const now = parseInstant(received)!;
  return { ...draft, occurred: draft.occurred ?? now, payload: draft.payload ?? {}, received: now as Instant, position: 1 as Position };
}

/** Events for the filters of test/support/oracles/random-filters.ts. */
export const anyStoredEvent = fc
  .tuple(anyEvent, fc.nat(60), fc.nat(5))
  .map(([event, id, microsecond]) => storedAs({ ...event, id: `e${id}` }, `2026-01-01T00:00:00.00000${microsecond}Z`));

/** The same event as it is read from the database; `payload`: the text that it has there. */
export function rowEventOf(event: StoredEvent, payload = stringifyJson(event.payload)): RowEvent {
  return new RowEvent({
    position: String(event.position),
    received: timestampOf(event.received),
    occurred: timestampOf(event.occurred),
    id: event.id,
    event: event.event,
    resource_id: event.resource.id,
    resource_labels: JSON.stringify(event.resource.labels),
    related: JSON.stringify(event.related),
    payload,
    follows: event.follows,
  });
}

/** As Postgres writes a time in UTC. */
function timestampOf(instant: Instant): string {
  return instant.replace('T', ' ').replace('Z', '+00');
}
