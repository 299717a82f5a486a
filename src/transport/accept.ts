import type { IncomingMessage } from 'node:http';

/** A stream never finishes by itself. */
export function asksForStream({ headers }: IncomingMessage): boolean {
  return acceptsStream(headers.accept);
}

/** Whether an `Accept` header takes a stream of events, by name. */
export function acceptsStream(accept: string | null | undefined): boolean {
  return accept?.includes('text/event-stream') ?? false;
}
