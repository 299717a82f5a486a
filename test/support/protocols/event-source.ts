import { get } from 'node:http';
import { onStreamMessage, streamField } from './event-stream.ts';

/** The EventSource of a browser, for a page at an origin. */
export interface EventSourceClass {
  new (path: string): EventTarget & { readonly readyState: number; close(): void };
  readonly CLOSED: number;
  /** Closes what a test has opened. */
  closeAll(): void;
}

/**
 * EventSource as browsers have it, as far as servers notice: it keeps the last `id`, also of a
 * message without data, and sends it when it reconnects; a response other than 200 ends it.
 */
export function eventSourceAt(origin: string): EventSourceClass {
  const open = new Set<{ close(): void }>();
  return class EventSource extends EventTarget {
    static readonly CLOSED = 2;
    static closeAll(): void {
      for (const each of open) each.close();
    }
    readyState = 0;
    private lastEventId = '';
    private abort = (): void => undefined;

    constructor(private readonly path: string) {
      super();
      open.add(this);
      this.connect();
    }

    close(): void {
      this.readyState = EventSource.CLOSED;
      this.abort();
    }

    private connect(): void {
      if (this.readyState === EventSource.CLOSED) return;
      const headers = { accept: 'text/event-stream', ...(this.lastEventId !== '' && { 'last-event-id': this.lastEventId }) };
      let isDropped = false;
      const drop = (): void => {
        if (isDropped || this.readyState === EventSource.CLOSED) return;
        isDropped = true;
        this.readyState = 0;
        this.dispatchEvent(new Event('error'));
        setTimeout(() => this.connect(), reconnectDelayMs);
      };
      const request = get(origin + this.path, { headers }, (response) => {
        if (response.statusCode !== 200) {
          this.close();
          this.dispatchEvent(new Event('error'));
          return;
        }
        this.readyState = 1;
        onStreamMessage(response, (message) => this.receive(message));
        response.on('error', drop);
        response.on('close', drop);
      });
      request.on('error', drop);
      this.abort = () => request.destroy();
    }

    private receive(message: string): void {
      this.lastEventId = streamField(message, 'id') ?? this.lastEventId;
      const [data, type] = [streamField(message, 'data'), streamField(message, 'event')];
      if (data === undefined || this.readyState === EventSource.CLOSED) return;
      this.dispatchEvent(new MessageEvent(type ?? 'message', { data, lastEventId: this.lastEventId }));
    }
  };
}

/** Browsers wait for some seconds. */
const reconnectDelayMs = 20;
