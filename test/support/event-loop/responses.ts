import { once } from 'node:events';
import { openPrefect } from '../protocols/prefect.ts';
import { openRaw } from '../protocols/raw-socket.ts';
import { many, type Send } from './requests.ts';

export const largeResponseNames = [
  'a page of large events, over HTTP',
  'a page of large events, compressed',
  'a page of large events, over WebSocket',
  'batches of large events, over SSE',
  'batches of large events, over WebSocket',
  'large events, over SSE',
  'large events, over WebSocket',
  "a page of large events, over Prefect's protocol",
  'large events, to a socket of Prefect',
] as const;

export type LargeResponse = (typeof largeResponseNames)[number];

/** Payloads of 50 kB, as common as possible. */
export function commonPayloads(count: number): readonly object[] {
  const item = { name: 'a step', ok: true, seconds: 1.25, tags: ['a', 'ü'], note: '"quoted"\n' };
  const payload = { items: many(Math.ceil(50_000 / JSON.stringify(item).length), () => item) };
  return many(count, () => payload);
}

/**
 * Stores events of a name with these payloads, and returns requests whose responses contain them
 * all, or as many of them as are allowed.
 */
export async function largeResponses(
  url: string,
  event: string,
  payloads: readonly object[],
): Promise<Readonly<Record<LargeResponse, Send>>> {
  const after = (await query(url, '{ head }')).data.head as string;
  const count = payloads.length;
  let totalBytes = 0;
  for (const [n, payload] of payloads.entries()) {
    const body = JSON.stringify({
      id: `${event}-${n}`,
      occurred: '2026-11-01T00:00:00Z',
      event,
      resource: { 'prefect.resource.id': 'r' },
      payload,
    });
    totalBytes += body.length - 200;
    const response = await fetch(`${url}/api/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (!response.ok) throw new Error(await response.text());
  }
  const page = `{ events(first: ${count}, filter: { event: { in: ["${event}"] } }) { nodes { id payload } } }`;
  const stream = `subscription { eventStream(after: "${after}", batchSize: 1000, maxBytes: 16000000) { __typename ... on EventBatch { events { id payload } } } }`;
  const single = `subscription { events(after: "${after}") { id payload } }`;
  const overSocket = async (operation: string, isDone: (bytes: number) => boolean): Promise<string> => {
    using raw = await openRaw(url);
    let received = 0;
    const done = new Promise<void>((resolve, reject) => {
      raw.socket.on('message', (data: Buffer) => {
        if (data.length < 1000 && data.includes('"message"')) reject(new Error(data.toString()));
        else if (isDone((received += data.length))) resolve();
      });
      raw.socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
    });
    raw.send({ id: 'operation', type: 'subscribe', payload: { query: operation } });
    await done;
    return `${received} bytes`;
  };
  const overSse = async (operation: string): Promise<string> => {
    const response = await fetch(`${url}/graphql?query=${encodeURIComponent(operation)}`, { headers: { accept: 'text/event-stream' } });
    let received = 0;
    for await (const chunk of response.body!) if ((received += (chunk as Uint8Array).length) >= totalBytes) break;
    return `${response.status}, ${received} bytes`;
  };
  const overHttp = async (encoding: string): Promise<string> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': encoding },
      body: JSON.stringify({ query: page }),
    });
    return `${response.status}, ${sizeOf(await response.text())}`;
  };
  return {
    'a page of large events, over HTTP': () => overHttp('identity'),
    'a page of large events, compressed': () => overHttp('gzip'),
    'a page of large events, over WebSocket': () => overSocket(page, (received) => received > totalBytes / 2),
    'batches of large events, over SSE': () => overSse(stream),
    'batches of large events, over WebSocket': () => overSocket(stream, (received) => received >= totalBytes),
    'large events, over SSE': () => overSse(single),
    'large events, over WebSocket': () => overSocket(single, (received) => received >= totalBytes),
    "a page of large events, over Prefect's protocol": async () => {
      const response = await fetch(`${url}/api/events/filter`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ limit: 200, filter: { event: { name: [event] } } }),
      });
      return `${response.status}, ${sizeOf(await response.text())}`;
    },
    'large events, to a socket of Prefect': async () => {
      using prefect = await openPrefect(url, 'out');
      let received = 0;
      prefect.socket.on('message', (data: Buffer) => {
        if ((received += data.length) >= totalBytes) prefect.socket.terminate();
      });
      prefect.send({ type: 'filter', filter: { event: { name: [event] } } });
      await once(prefect.socket, 'close');
      return `${received} bytes`;
    },
  };
}

async function query(url: string, operation: string): Promise<any> {
  const response = await fetch(`${url}/graphql?query=${encodeURIComponent(operation)}`, { headers: { accept: 'application/json' } });
  return response.json();
}

/** The size of a response; an error as it is. */
function sizeOf(text: string): string {
  return text.length < 1000 ? text : `${text.length} characters`;
}
