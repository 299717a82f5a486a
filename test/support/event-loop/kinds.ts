import { openPrefect } from '../protocols/prefect.ts';
import { openRaw } from '../protocols/raw-socket.ts';
import { overWebSocket, type Request } from '../transports.ts';
import { entryPoints } from './entry-points.ts';
import { documents, values } from './values.ts';
import { filters, many, operations, requests, type Send } from './requests.ts';

/** The worst requests of each kind that were found, by what they are and how they are sent. */
export function kindsFor(url: string): Readonly<Record<string, Send>> {
  const post = async (path: string, type: string, body: string): Promise<string> => {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
    return `${response.status}, ${(await response.arrayBuffer()).byteLength} bytes`;
  };
  const overSocket = async (operation: Request): Promise<string> => {
    using raw = await openRaw(url);
    const { error } = await overWebSocket(raw)(operation);
    return error?.message.slice(0, 60) ?? 'done';
  };
  /** The operation, which is JSON already. */
  const overSocketAsText = async (body: string): Promise<string> => {
    using raw = await openRaw(url);
    const closed = new Promise<string>((resolve) => raw.socket.once('close', (code, reason) => resolve(`${code} ${String(reason)}`)));
    raw.socket.send(`{"id":"1","type":"subscribe","payload":${body}}`);
    return await Promise.race([
      closed,
      raw.settled().then(
        () => 'settled',
        () => closed,
      ),
    ]);
  };
  const overSse = async (filter: object): Promise<string> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: streamQuery, variables: { filter } }),
    });
    for await (const chunk of response.body!)
      return `${response.status}, ${Buffer.from(chunk as Uint8Array)
        .toString()
        .slice(0, 60)}`;
    return String(response.status);
  };
  const named = <T>(kinds: Readonly<Record<string, T>>, suffix: string, send: (kind: T) => Promise<string>): Record<string, Send> =>
    Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [`${name}${suffix}`, () => send(kind)]));
  return {
    ...named(requests, '', ({ path = '/graphql', type = 'application/json', body }) => post(path, type, body)),
    ...named({ ...values, ...documents }, ', over HTTP', (body) => post('/graphql', 'application/json', body)),
    ...named({ ...values, ...documents }, ', over WebSocket', overSocketAsText),
    ...named(values, ', as a document', (body) => post('/api/events', 'application/json', body)),
    ...named(filters, ', subscribed over SSE', overSse),
    ...entryPoints(url),
    ...named(operations, ', over HTTP', (operation) => post('/graphql', 'application/json', JSON.stringify(operation))),
    ...named(operations, ', over WebSocket', overSocket),
    ...named(filters, ', subscribed over WebSocket', (filter) => overSocket({ query: streamQuery, variables: { filter } })),
    ...named(prefectFrames, ', to a socket of Prefect', async ({ direction, frame }) => {
      using prefect = await openPrefect(url, direction);
      prefect.send(frame);
      if (direction === 'out') return (await prefect.closed).join(' ').slice(0, 60);
      await prefect.settled(); // every frame before the ping is stored
      return 'stored';
    }),
  };
}

const streamQuery = 'subscription ($filter: EventFilter!) { eventStream(filter: $filter) { __typename } }';

const prefectFrames: Readonly<Record<string, { readonly direction: 'in' | 'out'; readonly frame: string }>> = {
  'an event of 6 MB': { direction: 'in', frame: JSON.stringify({ id: 'e', payload: { text: 'x'.repeat(6_000_000) } }) },
  'an event of 3,000,000 characters of lists': { direction: 'in', frame: `{"id":"e","payload":{"list":[${'[],'.repeat(900_000)}0]}}` },
  'an event of many members': {
    direction: 'in',
    frame: JSON.stringify({ id: 'e', payload: Object.fromEntries(many(99_000, (n) => [`k${n}`, n])) }),
  },
  'an event of exact numbers': { direction: 'in', frame: `{"id":"e","payload":{"list":[${'9007199254740993,'.repeat(300_000)}0]}}` },
  'a filter of 12 MB': {
    direction: 'out',
    frame: JSON.stringify({ type: 'filter', filter: { event: { name: ['x'.repeat(12_000_000)] } } }),
  },
  'a filter of many members': {
    direction: 'out',
    frame: JSON.stringify({ type: 'filter', filter: Object.fromEntries(many(99_000, (n) => [`k${n}`, n])) }),
  },
  'a filter of many names': {
    direction: 'out',
    frame: JSON.stringify({ type: 'filter', filter: { event: { name: many(900_000, String) } } }),
  },
};

export const kindNames: readonly string[] = Object.keys(kindsFor(''));
