import { TidingsError, type UserError } from '../wire/client-error.ts';
import { limitNames, rejectedEvent, type ServerLimits } from './event-checks.ts';
import type { StoredEvent } from './emission.ts';

export const limitsQuery = `{ service { limits { ${limitNames.join(' ')} } } }`;
/** With the positions of the events, which take the server time to read, or without. */
export const emitMutations = { withCursors: mutationOf('event { cursor }'), plain: mutationOf('') };

function mutationOf(event: string): string {
  return `mutation Emit($input: [EventInput!]!) {
  emitEvents(input: $input, onError: SKIP_REJECTED) { results { index status ${event} userErrors { code field message } } }
}`;
}

export interface LimitsResponse {
  readonly service: { readonly limits: ServerLimits };
}

export interface EmitResponse {
  readonly emitEvents: { readonly results: readonly EmitResult[] };
}

interface EmitResult {
  readonly index: number;
  readonly status: string;
  readonly event?: { readonly cursor: string } | null;
  readonly userErrors: readonly UserError[];
}

/** What the server did with an event. */
export function outcomeOf({ status, event, userErrors }: EmitResult, id: string): StoredEvent | TidingsError {
  if (status !== 'REJECTED') return { id, status, cursor: event?.cursor ?? null };
  // The path begins with "input" and the index of the batch.
  return rejectedEvent(
    userErrors.map(({ code, field, message }) => {
      const start = field.slice(0, 2).join('.');
      const own = message.startsWith(start) ? message.slice(start.length).replace(/^[.:]\s*/, '') : message;
      return { code, field: field.slice(2), message: own };
    }),
  );
}

export function missing(): TidingsError {
  return new TidingsError('UNAVAILABLE', 'The response has no result for an event.');
}
