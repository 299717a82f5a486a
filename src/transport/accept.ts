import type { IncomingMessage } from 'node:http';

/** Whether a request accepts an event stream: its response then lasts until one side closes it. */
export function requestsStream({ headers }: IncomingMessage): boolean {
  return acceptsStream(headers.accept);
}

/** Whether an `Accept` header names the media type of event streams. Wildcards do not count. */
export function acceptsStream(accept: string | null | undefined): boolean {
  return accept?.includes('text/event-stream') ?? false;
}
