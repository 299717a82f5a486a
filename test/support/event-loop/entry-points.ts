import { get } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { openPrefect } from '../protocols/prefect.ts';
import { openRaw, type RawSocket } from '../protocols/raw-socket.ts';
import { many, type Send } from './requests.ts';

/** Every path, with or without a key. */
const paths = [
  '/graphql',
  '/',
  '/livez',
  '/readyz',
  '/metrics',
  '/api/events',
  '/api/events/filter/next',
  '/api/events/count-by/day',
  '/api/health',
  '/cloudevents',
  '/assets/none',
  '/none',
];

/** Requests with as much of one thing as is accepted, at every path, and bursts of small messages. */
export function entryPoints(url: string): Readonly<Record<string, Send>> {
  const toEachPath = async (search: string, headers: Readonly<Record<string, string | string[]>>): Promise<string> => {
    const statuses: (number | undefined)[] = [];
    for (const path of paths) {
      const sent = get(`${url}${path}${search}`, { headers, maxHeaderSize: 1 << 20 });
      const [response] = await once(sent, 'response');
      await response.resume().toArray();
      if (path === '/livez' && response.statusCode !== 200) throw new Error(`the server rejects it: ${response.statusCode}`);
      statuses.push(response.statusCode);
    }
    return statuses.join(' ');
  };
  const cloudEvent = async (headers: Readonly<Record<string, string>>): Promise<string> => {
    const response = await fetch(`${url}/cloudevents`, { method: 'POST', headers });
    return `${response.status}, ${(await response.text()).length} characters`;
  };
  const gzipped = async (path: string, json: string): Promise<string> => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: gzipSync(json) });
    return `${response.status}, ${(await response.text()).length} characters`;
  };
  /** Sends bytes to the server at once, and resolves at the first bytes of its response. */
  const raw = async (bytes: string): Promise<string> => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(bytes);
    const [data] = await once(socket, 'data');
    socket.destroy();
    return String(data).split('\r\n')[0] ?? '';
  };
  /** Sends messages at once; then the server answers, or has closed the socket. */
  const burst = async (send: (socket: RawSocket) => void): Promise<string> => {
    using socket = await openRaw(url);
    socket.sendTogether(() => send(socket));
    return await socket.settled().then(
      () => 'settled',
      (error: unknown) => String(error).slice(0, 60),
    );
  };
  const subscribe = (socket: RawSocket, query: (n: number) => string): void => {
    for (let n = 0; n < 1000; n += 1) socket.send({ id: String(n), type: 'subscribe', payload: { query: query(n) } });
  };
  const live = (n: number): string => `subscription { eventStream(filter: { id: { in: ["burst-${n}"] } }) { __typename } }`;
  const toPrefect = async (
    direction: 'in' | 'out',
    messages: (socket: Awaited<ReturnType<typeof openPrefect>>) => void,
  ): Promise<string> => {
    using prefect = await openPrefect(url, direction);
    messages(prefect);
    return await prefect.settled().then(
      () => 'settled',
      (error: unknown) => String(error).slice(0, 60),
    );
  };
  const times = (count: number, send: () => void): void => {
    for (let n = 0; n < count; n += 1) send();
  };
  return {
    'an address of 15 kB of escapes, at each path': () => toEachPath(`?query=${'%F0%9F%98%80'.repeat(1200)}`, {}),
    'an address of 5,000 parameters, at each path': () => toEachPath(`?${'a&'.repeat(5000)}`, {}),
    // Node reads 1,000 headers. Those of the client are the last, and without Host it rejects a request.
    'as many headers as are read, at each path': () => toEachPath('', Object.fromEntries(many(997, (n) => [`h${n}`, 'v']))),
    'a CloudEvent with as many attributes as headers': () => {
      const attributes = { specversion: '1.0', id: 'headers', source: 's', type: 't', time: '2026-11-01T00:00:00Z' };
      const all = Object.entries(attributes).concat(many(970, (n) => [`x${n}`, 'v']));
      return cloudEvent(Object.fromEntries(all.map(([name, value]) => [`ce-${name}`, value])));
    },
    'cookies of 15 kB, at each path': () => toEachPath('', { cookie: 'a=b;'.repeat(3700), accept: 'a/b,'.repeat(10) }),
    'an accept header of 15 kB, at each path': () => toEachPath('', { accept: 'a/b,'.repeat(3700) }),
    'a content type of 15 kB': () => toEachPath('', { 'content-type': 'a;'.repeat(7000), 'accept-encoding': 'gzip' }),
    'a body of 200,000 chunks': () =>
      raw(
        `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(200_000)}0\r\n\r\n`,
      ),
    '5,000 requests at once on a connection': () => raw(`GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n`.repeat(5000)),
    'a compressed operation of 16 MB': () =>
      gzipped('/graphql', JSON.stringify({ query: '{ head }', variables: { a: 'x'.repeat(16_000_000) } })),
    'compressed documents of 16 MB': () => gzipped('/api/events', `[${'{},'.repeat(49_998)}"${'x'.repeat(15_000_000)}"]`),
    'compressed lines of 16 MB': () => gzipped('/api/events', '\n'.repeat(16_000_000)),
    '100,000 pings at once': () => burst((socket) => times(100_000, () => socket.send({ type: 'ping', payload: {} }))),
    '100,000 pings of the protocol at once': () => burst(({ socket }) => times(100_000, () => socket.ping('x'))),
    '100,000 completions at once': () => burst((socket) => times(100_000, () => socket.send({ id: 'none', type: 'complete' }))),
    '1,000 queries at once': () => burst((socket) => subscribe(socket, () => '{ head }')),
    '1,000 invalid queries at once': () => burst((socket) => subscribe(socket, (n) => `{ hed${n} }`)),
    '900 subscriptions at once, which end at once': () =>
      burst((socket) => {
        subscribe(socket, live);
        for (let n = 0; n < 1000; n += 1) socket.send({ id: String(n), type: 'complete' });
      }),
    '1,000 subscriptions on a socket that closes': async () => {
      const first = await burst((socket) => subscribe(socket, live));
      return `${first}; ${await burst((socket) => socket.send({ type: 'pong' }))}`;
    },
    'a message of 50,000 fragments': () => burst(({ socket }) => times(50_000, () => socket.send('{', { fin: false }))),
    '50,000 empty messages': () => burst(({ socket }) => times(50_000, () => socket.send(''))),
    '50,000 frames that are no events, to a socket of Prefect': () => toPrefect('in', (prefect) => times(50_000, () => prefect.send('{}'))),
    '50,000 frames that are not JSON, to a socket of Prefect': () => toPrefect('in', (prefect) => times(50_000, () => prefect.send('{'))),
    '50,000 filters to a socket of Prefect': () =>
      toPrefect('out', (prefect) => times(50_000, () => prefect.send({ type: 'filter', filter: {} }))),
    '50,000 pings to a socket of Prefect': () => toPrefect('in', ({ socket }) => times(50_000, () => socket.ping('x'))),
  };
}
