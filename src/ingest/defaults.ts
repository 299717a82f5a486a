import { v7 as uuidv7 } from 'uuid';
import { whenReceived, type EventCandidate } from '../event/event.ts';

/**
 * Fills in the `id` and the `occurred` that an event lacks. Only GraphQL has these defaults, and the
 * events that the server itself emits. Without this, validation rejects such an event.
 */
export function withDefaults(event: EventCandidate): EventCandidate {
  return { ...event, id: event.id ?? uuidv7(), occurred: event.occurred ?? whenReceived };
}
