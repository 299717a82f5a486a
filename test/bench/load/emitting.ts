import { Agent, request } from 'node:http';
import { workload } from '../workload.ts';

/** An event as the benches emit it. */
export interface BenchEvent {
  readonly id: string;
  readonly event: string;
  readonly resource: { readonly id: string; readonly labels?: Readonly<Record<string, string>> };
  readonly related?: readonly { readonly id: string; readonly role: string }[];
  readonly [other: string]: unknown;
}

/** A client that emits over HTTP. */
export interface Emitting extends Disposable {
  /** Emits one batch, made by `batchOf`; resolves when it was answered. Throws when not all of it was stored. */
  emit(batch: Batch): Promise<void>;
  /** Requests that were sent again, since the server had reset their connection. */
  readonly repeated: number;
}

/** A request that is ready to be sent. */
export interface Batch {
  readonly body: Buffer;
  readonly events: number;
}

export function batchOf(events: readonly BenchEvent[]): Batch {
  return { body: Buffer.from(JSON.stringify({ query: mutation, variables: { input: events } })), events: events.length };
}

/** Emits over so many connections that are kept; 0: over one at a time, a new one for each request. */
export function startEmitting(url: string, { kept }: { readonly kept: number }): Emitting {
  // A server whose turn was longer than it keeps idle connections resets those on which a request has just arrived.
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

/** Events of the workload, numbered: ids of one length that end in the event's place, from 0, in 9 digits. */
export function numberedEvents(count: number, run: string): readonly BenchEvent[] {
  return Array.from(workload(count) as Iterable<BenchEvent>, (event, n) => ({
    ...event,
    id: `${run}-${String(n).padStart(9, '0')}`,
    follows: null,
  }));
}

const mutation = 'mutation Emit($input: [EventInput!]!) { emitEvents(input: $input) { created } }';
