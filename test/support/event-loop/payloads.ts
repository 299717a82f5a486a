import { openRaw } from '../protocols/raw-socket.ts';
import { overWebSocket, type Request } from '../transports.ts';
import { many, type Send } from './requests.ts';

/** Keys that no payload had before: the parser makes a hidden class for each object of one, and a name for each. */
let used = 1_000_000;
const newKey = (): string => (used += 1).toString(36);
const members = (count: number): object => Object.fromEntries(many(count, () => [newKey(), 1]));
const objects = (count: number): object => many(count, () => ({ [newKey()]: 1 }));
const within = (levels: number, value: object): object => many(levels, () => 'a').reduce((inner, key) => ({ [key]: inner }), value);

/** A payload of each kind, as large as is accepted. */
export const differentKeys = (): readonly object[] => [
  { value: members(99_000) },
  { value: objects(105_000) },
  { value: within(90, members(99_000)) },
  { value: many(4500, () => Object.fromEntries(many(20, () => [newKey(), 1]))) },
  { value: many(70_000, (n) => 0.1 + n), [newKey()]: members(10_000) },
];

const emission = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created duplicates } }';
const eventsOf = (payloads: readonly object[]): readonly object[] =>
  payloads.map((payload) => ({ id: newKey(), occurred: '2026-11-01T00:00:00Z', event: 'live.keys', resource: { id: 'r' }, payload }));

/** Operations over events of the name `event` with the payloads of `differentKeys`. */
const operations = (event: string): Readonly<Record<string, () => Request>> => {
  const filter = `{ event: { in: ["${event}"] } }`;
  return {
    'the bytes of payloads, fifty times': () => ({
      query: `{ events(first: 10, filter: ${filter}) { nodes { ${many(50, (n) => `b${n}: payloadBytes`).join(' ')} } } }`,
    }),
    'one event': () => ({ query: `{ event(id: "${event}-0") { payload payloadAt(path: "value") } }` }),
    'counts by a payload': () => ({ query: `{ eventCounts(by: [{ payload: { path: "value" } }], filter: ${filter}) { total } }` }),
    'fields of payloads': () => ({ query: `{ eventFields(filter: ${filter}) { sampled payloadPaths { name } } }` }),
    'why a payload does not match': () => ({
      query: `{ whyNot(eventId: "${event}-0", filter: { payload: [{ path: "value", in: [{}, [], { a: 1 }] }], text: "absent" }) { matches } }`,
    }),
    'an emission of new keys': () => ({ query: emission, variables: { input: eventsOf(differentKeys().slice(0, 2)) } }),
    '400,000 objects with new keys': () => ({ query: '{ head }', variables: { unused: objects(400_000) } }),
    '400,000 new members': () => ({ query: '{ head }', variables: { unused: many(4, () => members(99_999)) } }),
  };
};

/** Subscriptions that match the events of an emission. */
const subscriptions: Readonly<Record<string, string>> = {
  'events live': '{ events(filter: { event: { in: ["live.keys"] } }) { id payload payloadBytes } }',
  'batches live, by a text and values of the payload': `{
    eventStream(filter: { event: { in: ["live.keys"] }, text: "-absent", not: { payload: [{ path: "value", in: [{}, [], { a: 1 }] }] } }) {
      __typename ... on EventBatch { events { id payload } }
    }
  }`,
  'counts live, by values of the payload': `{
    eventCounts(by: [{ payload: { path: "value" } }, { event: {} }], filter: { event: { in: ["live.keys"] } }, intervalMs: 100) { kind total }
  }`,
};

const liveNames = Object.keys(subscriptions);
const operationNames = Object.keys(operations('')).flatMap((name) => [`${name}, over HTTP`, `${name}, over WebSocket`]);
export const payloadNames: readonly string[] = [...operationNames, ...liveNames];

/** Requests about events of the name `event` with the payloads of `differentKeys`. */
export function payloadRequests(url: string, event: string): Readonly<Record<string, Send>> {
  const overHttp = async (request: Request): Promise<string> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    const text = await response.text();
    return text.length < 200 ? text : `${response.status}, ${text.length} bytes`;
  };
  const overSocket = async (request: Request): Promise<string> => {
    using raw = await openRaw(url);
    const { error } = await overWebSocket(raw)(request);
    return error?.message.slice(0, 100) ?? 'done';
  };
  /** Subscribes, emits an event, and resolves when something of them is received. */
  const live = async (subscription: string): Promise<string> => {
    using raw = await openRaw(url);
    const received = new Promise<string>((resolve) => {
      raw.socket.on('message', (data: Buffer) => {
        if (data.includes('"live"') && !data.includes('CaughtUp') && !data.includes('SNAPSHOT')) resolve(`${data.length} bytes`);
      });
    });
    const counted = new Promise<void>((resolve) => {
      raw.socket.on('message', (data: Buffer) => void (data.includes('SNAPSHOT') && resolve()));
    });
    raw.send({ id: 'live', type: 'subscribe', payload: { query: `subscription ${subscription}` } });
    await (subscription.includes('eventCounts') ? counted : raw.settled()); // an event before the counts is part of them
    await overHttp({ query: emission, variables: { input: eventsOf([{ value: within(20, members(99_000)) }]) } });
    return await received; // before the socket closes
  };
  const each = Object.entries(operations(event)).flatMap(([name, request]) => [
    [`${name}, over HTTP`, () => overHttp(request())] as const,
    [`${name}, over WebSocket`, () => overSocket(request())] as const,
  ]);
  return {
    ...Object.fromEntries(each),
    ...Object.fromEntries(Object.entries(subscriptions).map(([name, query]) => [name, () => live(query)])),
  };
}
