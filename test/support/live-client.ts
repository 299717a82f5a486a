import { get } from 'node:http';
import { onStreamMessage } from './protocols/event-stream.ts';
import { openRaw } from './protocols/raw-socket.ts';

/** A client that is subscribed to everything, and records what it gets until it is disconnected. */
export interface LiveClient extends Disposable {
  /** Messages of the WebSocket, by subscription. */
  readonly events: any[];
  readonly stream: any[];
  readonly counts: any[];
  /** Events over SSE. */
  readonly streamed: any[];
  /** How each connection ended: the close code, and whether SSE ended without being complete. */
  readonly disconnected: Promise<{ readonly code: number; readonly sse: 'cut' | 'complete' }>;
  /** The messages other than data before the WebSocket closed: a `complete` would end a client. */
  readonly ends: string[];
}

/** Subscribes after a cursor; null: at the head. Resolves once all subscriptions have begun. */
export async function openLiveClient(url: string, after: string | null): Promise<LiveClient> {
  const raw = await openRaw(url);
  const received = { events: [] as any[], stream: [] as any[], counts: [] as any[], streamed: [] as any[], ends: [] as string[] };
  raw.socket.on('message', (data: Buffer) => {
    const { id, type, payload } = JSON.parse(data.toString());
    if (!(id in queries)) return;
    if (type !== 'next') received.ends.push(`${id} ${type}`);
    else received[id as keyof typeof queries].push(payload.data?.[fields[id as keyof typeof queries]] ?? payload.errors[0]);
  });
  const closed = new Promise<number>((resolve) => raw.socket.once('close', resolve));
  for (const [id, query] of Object.entries(queries)) raw.send({ id, type: 'subscribe', payload: { query, variables: { after } } });
  await raw.settled();

  const parameters = new URLSearchParams({ query: queries.events, variables: JSON.stringify({ after }) });
  const request = get(`${url}/graphql?${parameters}`, { headers: { accept: 'text/event-stream' } });
  let begun = (): void => undefined;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const sse = new Promise<'cut' | 'complete'>((resolve, reject) => {
    request.on('response', (response) => {
      response.once('data', begun);
      onStreamMessage(response, (message) => {
        if (/^event: complete/m.test(message)) resolve('complete');
        const json = /^data: (.+)$/m.exec(message)?.[1];
        if (json === undefined) return;
        const { data, errors } = JSON.parse(json);
        received.streamed.push(data?.events ?? errors[0]);
      });
      response.on('end', () => resolve('complete'));
      response.on('error', () => resolve('cut'));
    });
    request.on('error', reject);
  });
  await Promise.race([hasBegun, sse]);
  sse.catch(() => undefined);
  return {
    ...received,
    disconnected: Promise.all([closed, sse]).then(([code, end]) => ({ code, sse: end })),
    [Symbol.dispose]() {
      raw[Symbol.dispose]();
      request.destroy();
    },
  };
}

const queries = {
  events: 'subscription ($after: Cursor) { events(after: $after) { id cursor } }',
  stream: `subscription ($after: Cursor) { eventStream(after: $after) { __typename
    ... on EventBatch { events { id } cursor } ... on Gap { reason } } }`,
  counts: 'subscription { eventCounts(by: [{ event: {} }], intervalMs: 50) { kind total } }',
} as const;
const fields = { events: 'events', stream: 'eventStream', counts: 'eventCounts' } as const;
