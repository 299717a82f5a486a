import { Agent, request } from 'node:http';
import { workload } from './workload.ts';

/** An event that a benchmark emits. */
export interface BenchEvent {
  readonly id: string;
  readonly event: string;
  readonly resource: { readonly id: string; readonly labels?: Readonly<Record<string, string>> };
  readonly related?: readonly { readonly id: string; readonly role: string }[];
  readonly [other: string]: unknown;
}

/** A client that emits over HTTP. */
export interface Emitting extends Disposable {
  /** Emits one batch and waits for the response. Throws if not all events were stored. */
  emit(batch: Batch): Promise<void>;
  /** Requests that were repeated because the server had reset their connection. */
  readonly repeated: number;
}

/** An encoded request. */
export interface Batch {
  readonly body: Buffer;
  readonly events: number;
}

export function batchOf(events: readonly BenchEvent[]): Batch {
  return { body: Buffer.from(JSON.stringify({ query: mutation, variables: { input: events } })), events: events.length };
}

/**
 * Emits over `kept` persistent connections; 0: a new connection for each request, one at a time.
 */
export function startEmitting(url: string, { kept }: { readonly kept: number }): Emitting {
  // If a server is busy for longer than its idle timeout, it resets connections with a new request.
  const agent = new Agent({ keepAlive: kept > 0, maxSockets: Math.max(1, kept), noDelay: true });
  let repeated = 0;
  const post = (body: Buffer): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const sent = request(`${url}/graphql`, { agent, method: 'POST', headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return {
    get repeated() {
      return repeated;
    },
    async emit({ body, events }) {
      for (;;) {
        try {
          const response = await post(body);
          if (response.includes(`"created":${events}}`) || (repeated > 0 && response.includes('"created":0}'))) return;
          throw new Error(`expected ${events} events to be created, got ${response.slice(0, 500)}`);
        } catch (error) {
          if (kept === 0 || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
          repeated += 1; // safe, since events have ids
        }
      }
    },
    [Symbol.dispose]() {
      agent.destroy();
    },
  };
}

/** Events of the workload. Their ids end with the event's number, from 0, in 9 digits. */
export function numberedEvents(count: number, run: string): readonly BenchEvent[] {
  return Array.from(workload(count) as Iterable<BenchEvent>, (event, n) => ({
    ...event,
    id: `${run}-${String(n).padStart(9, '0')}`,
    follows: null,
  }));
}

const mutation = 'mutation Emit($input: [EventInput!]!) { emitEvents(input: $input) { created } }';
